use crate::wrap::wrap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use unicode_width::UnicodeWidthStr;

/// The terminal's contents: permanent lines, and below them a block that is redrawn in place. Only changed lines of the
/// block are written, as real agent programs do.
#[derive(Debug)]
pub(crate) struct Screen {
    out: File,
    shown: Block,
}

impl Screen {
    pub(crate) fn new(out: File) -> Self {
        Self { out, shown: Block::default() }
    }

    /// Appends permanent lines and draws the block below them.
    pub(crate) fn draw(&mut self, permanent: &[String], block: Block) {
        let update = update(&self.shown, permanent, &block);
        self.shown = block;
        if !update.is_empty() {
            // A synchronized update, for terminals that support it.
            self.write(&format!("\x1b[?2026h{update}\x1b[?2026l"));
        }
    }

    /// Clears the terminal after a change of its size.
    pub(crate) fn clear(&mut self) {
        self.shown = Block::default();
        self.write("\x1b[2J\x1b[H");
    }

    /// Writes control sequences to the terminal.
    pub(crate) fn write(&mut self, text: &str) {
        self.out.write_all(text.as_bytes()).expect("write to the terminal");
    }
}

fn update(shown: &Block, permanent: &[String], block: &Block) -> String {
    let mut update = String::new();
    let mut row = shown.row;
    if permanent.is_empty() && shown.lines.len() == block.lines.len() {
        if shown == block {
            return update;
        }
        let changed = shown.lines.iter().zip(&block.lines).enumerate().filter(|(_, (old, new))| old != new);
        for (at, (_, line)) in changed {
            move_to(&mut update, row, at);
            let _ = write!(update, "\x1b[2K{line}");
            row = at;
        }
    } else {
        move_to(&mut update, row, 0);
        let lines: Vec<&str> = permanent.iter().chain(&block.lines).map(String::as_str).collect();
        let _ = write!(update, "\x1b[J{}", lines.join("\r\n"));
        row = block.lines.len().saturating_sub(1);
    }
    move_to(&mut update, row, block.row);
    if block.column > 0 {
        let _ = write!(update, "\x1b[{}C", block.column);
    }
    update
}

/// Moves the cursor from a row to the start of another.
fn move_to(update: &mut String, from: usize, to: usize) {
    update.push('\r');
    if to < from {
        let _ = write!(update, "\x1b[{}A", from - to);
    } else if to > from {
        let _ = write!(update, "\x1b[{}B", to - from);
    }
}

/// The block at the bottom of the screen: rendered lines and the position of the cursor in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) lines: Vec<String>,
    pub(crate) row: usize,
    pub(crate) column: usize,
}

impl Block {
    /// Creates a block with the cursor at the end of the last line.
    pub(crate) fn from_lines(lines: Vec<String>) -> Self {
        let column = lines.last().map_or(0, |line| line.width());
        Self { row: lines.len().saturating_sub(1), column, lines }
    }

    /// Creates a block with a composer below these lines. A message that is too long for the screen shows its end.
    pub(crate) fn with_composer(above: Vec<String>, message: &str, size: Size) -> Self {
        // One column is reserved for the cursor.
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

/// The size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

#[cfg(test)]
mod tests {
    use super::{Block, Size, update};

    fn block(lines: &[&str]) -> Block {
        Block { lines: lines.iter().map(ToString::to_string).collect(), row: 1, column: 0 }
    }

    #[test]
    fn only_changed_lines_are_written() {
        let shown = block(&["a", "b", "c"]);
        assert_eq!(update(&shown, &[], &shown), "");
        assert_eq!(update(&shown, &[], &block(&["a", "b", "x"])), "\r\x1b[1B\x1b[2Kx\r\x1b[1A");
    }

    #[test]
    fn permanent_lines_push_the_block_down() {
        let (shown, new) = (block(&["a", "b", "c"]), block(&["a", "b"]));
        assert_eq!(update(&shown, &[" said".to_owned()], &new), "\r\x1b[1A\x1b[J said\r\na\r\nb\r");
    }

    const SIZE: Size = Size { columns: 7, rows: 8 };

    #[test]
    fn a_message_is_drawn_between_borders_with_the_cursor_after_it() {
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
