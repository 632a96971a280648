//! Texts that fit into a line.

/// What a report says at most, in characters.
const LONGEST: usize = 120;

/// The first line of a text, if there is anything in it, without what a terminal would take for more than text.
pub(super) fn short(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let line: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if line.chars().count() <= LONGEST {
        return Some(line);
    }
    Some(line.chars().take(LONGEST - 1).chain(['…']).collect())
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn it_is_one_line_of_text() {
        for (text, expected) in [
            ("", None),
            (" \n\t\n", None),
            ("fix it", Some("fix it")),
            ("\n  fix it\nand then", Some("fix it")),
            ("a\u{1b}[31mb", Some("a [31mb")),
        ] {
            assert_eq!(short(text).as_deref(), expected, "{text:?}");
        }
        assert_eq!(short(&"ä".repeat(120)), Some("ä".repeat(120)));
        assert_eq!(short(&"ä".repeat(121)), Some("ä".repeat(119) + "…"));
    }
}
