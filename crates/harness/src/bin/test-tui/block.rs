use crate::size::Size;
use crate::wrap::wrap;
use unicode_width::UnicodeWidthStr;

/// What is drawn at the bottom, again and again in its place: finished lines, and where among them
/// the cursor is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) lines: Vec<String>,
    pub(crate) row: usize,
    pub(crate) column: usize,
}

impl Block {
    /// These lines, with the cursor at the end of the last.
    pub(crate) fn of(lines: Vec<String>) -> Self {
        let column = lines.last().map_or(0, |line| line.width());
        Self { row: lines.len().saturating_sub(1), column, lines }
    }

    /// A composer below these lines. Of a message that is too long for the screen the end is shown.
    pub(crate) fn with_composer(above: Vec<String>, message: &str, size: Size) -> Self {
        // One column is the cursor's.
        let mut written = wrap(message, size.columns.saturating_sub(1));
        let room = size.rows.saturating_sub(above.len() + 4).max(1);
        written.drain(..written.len().saturating_sub(room));
        let border = "─".repeat(size.columns);
        let column = written.last().map_or(0, |line| line.width());
        if let Some(last) = written.last_mut() {
            last.push_str("\x1b[7m \x1b[27m");
        }
        let mut lines = above;
        lines.push(border.clone());
        lines.append(&mut written);
        let row = lines.len() - 1;
        lines.extend([border, " test-tui".to_owned()]);
        Self { lines, row, column }
    }
}

#[cfg(test)]
mod tests {
    use super::Block;
    use crate::size::Size;

    const SIZE: Size = Size { columns: 7, rows: 8 };

    #[test]
    fn a_message_is_between_borders_and_the_cursor_behind_it() {
        let block = Block::with_composer(vec![" above".to_owned()], "one\ntwo three", SIZE);
        let expected = [" above", "───────", "one", "two ", "three\x1b[7m \x1b[27m", "───────", " test-tui"];
        assert_eq!(block.lines, expected);
        assert_eq!((block.row, block.column), (4, 5));
    }

    #[test]
    fn a_block_is_never_higher_than_the_screen() {
        let block = Block::with_composer(Vec::new(), &"x\n".repeat(100), SIZE);
        assert!(block.lines.len() < SIZE.rows, "{block:?}");
    }
}
