/// The message that is being edited. Input is appended at its end.
#[derive(Debug, Default)]
pub(crate) struct Composer {
    pieces: Vec<Piece>,
    pastes: usize,
}

#[derive(Debug)]
enum Piece {
    Character(char),
    /// A large paste: the marker that is shown, and the text.
    Paste(String, String),
}

impl Composer {
    /// Limits above which pi shows a marker instead of the pasted text.
    const LINES: usize = 10;
    const CHARACTERS: usize = 1_000;

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(crate) fn insert(&mut self, text: &str) {
        self.pieces.extend(text.chars().map(Piece::Character));
    }

    /// Inserts pasted text; a large paste is shown as a marker.
    pub(crate) fn paste(&mut self, text: String) {
        let lines = text.split('\n').count();
        // UTF-16 code units, since the imitated programs are written in JavaScript.
        let characters = text.encode_utf16().count();
        if lines <= Self::LINES && characters <= Self::CHARACTERS {
            return self.insert(&text);
        }
        self.pastes += 1;
        let size = if lines > Self::LINES { format!("+{lines} lines") } else { format!("{characters} chars") };
        self.pieces.push(Piece::Paste(format!("[paste #{} {size}]", self.pastes), text));
    }

    /// Removes the last character or marker.
    pub(crate) fn backspace(&mut self) {
        self.pieces.pop();
    }

    /// Removes the characters of the last line.
    pub(crate) fn clear_line(&mut self) {
        while self.pieces.pop_if(|piece| !matches!(piece, Piece::Character('\n'))).is_some() {}
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The text with markers in place of large pastes.
    pub(crate) fn displayed(&self) -> String {
        self.text(|marker, _| marker)
    }

    /// Returns the full text and clears the composer.
    pub(crate) fn take(&mut self) -> String {
        let message = self.text(|_, text| text);
        self.clear();
        message
    }

    fn text(&self, paste_text: impl for<'text> Fn(&'text str, &'text str) -> &'text str) -> String {
        self.pieces.iter().fold(String::new(), |mut all, piece| {
            match piece {
                Piece::Character(character) => all.push(*character),
                Piece::Paste(marker, text) => all.push_str(paste_text(marker, text)),
            }
            all
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Composer;

    #[test]
    fn a_large_paste_is_shown_as_a_marker_and_submitted_in_full() {
        let table = [
            ("x\n".repeat(9), "x\n".repeat(9)),
            ("x\n".repeat(10), "[paste #1 +11 lines]".to_owned()),
            ("x".repeat(1_000), "x".repeat(1_000)),
            ("x".repeat(1_001), "[paste #1 1001 chars]".to_owned()),
        ];
        for (text, shown) in table {
            let mut composer = Composer::default();
            composer.insert("<");
            composer.paste(text.clone());
            composer.insert(">");
            assert_eq!(composer.displayed(), format!("<{shown}>"));
            assert_eq!(composer.take(), format!("<{text}>"));
            assert!(composer.is_empty());
        }
    }

    #[test]
    fn markers_are_numbered_and_removed_as_a_whole() {
        let mut composer = Composer::default();
        for _ in 0..2 {
            composer.paste("x".repeat(2_000));
        }
        assert_eq!(composer.displayed(), "[paste #1 2000 chars][paste #2 2000 chars]");
        composer.backspace();
        assert_eq!(composer.displayed(), "[paste #1 2000 chars]");
        composer.backspace();
        assert!(composer.is_empty());
    }
}
