use crate::wrap::wrap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use unicode_width::UnicodeWidthStr;

/// What is on the terminal: lines that remain, and below them a block that changes in its place. Of
/// that only what changed is written, as the agents' programs do.
#[derive(Debug)]
pub(crate) struct Screen {
    out: File,
    shown: Block,
}

impl Screen {
    pub(crate) fn new(out: File) -> Self {
        Self { out, shown: Block::default() }
    }

    /// Adds lines that remain, and draws the block below them.
    pub(crate) fn draw(&mut self, remaining: &[String], block: Block) {
        let update = update(&self.shown, remaining, &block);
        self.shown = block;
        if !update.is_empty() {
            // At once, as far as the terminal knows of this.
            self.write(&format!("\x1b[?2026h{update}\x1b[?2026l"));
        }
    }

    /// Forgets all that was drawn: the terminal has another size now, and has moved the lines.
    pub(crate) fn clear(&mut self) {
        self.shown = Block::default();
        self.write("\x1b[2J\x1b[H");
    }

    /// What the terminal is to do and not to show.
    pub(crate) fn write(&mut self, text: &str) {
        self.out.write_all(text.as_bytes()).expect("write to the terminal");
    }
}

fn update(shown: &Block, remaining: &[String], block: &Block) -> String {
    let mut update = String::new();
    let mut row = shown.row;
    if remaining.is_empty() && shown.lines.len() == block.lines.len() {
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
        let lines: Vec<&str> = remaining.iter().chain(&block.lines).map(String::as_str).collect();
        let _ = write!(update, "\x1b[J{}", lines.join("\r\n"));
        row = block.lines.len().saturating_sub(1);
    }
    move_to(&mut update, row, block.row);
    if block.column > 0 {
        let _ = write!(update, "\x1b[{}C", block.column);
    }
    update
}

/// From a row to the beginning of another.
fn move_to(update: &mut String, from: usize, to: usize) {
    update.push('\r');
    if to < from {
        let _ = write!(update, "\x1b[{}A", from - to);
    } else if to > from {
        let _ = write!(update, "\x1b[{}B", to - from);
    }
}

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
    pub(crate) fn from_lines(lines: Vec<String>) -> Self {
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

/// How large a terminal is, in characters.
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
    fn only_what_changed_is_written() {
        let shown = block(&["a", "b", "c"]);
        assert_eq!(update(&shown, &[], &shown), "");
        assert_eq!(update(&shown, &[], &block(&["a", "b", "x"])), "\r\x1b[1B\x1b[2Kx\r\x1b[1A");
    }

    #[test]
    fn lines_that_remain_push_the_block_down() {
        let (shown, new) = (block(&["a", "b", "c"]), block(&["a", "b"]));
        assert_eq!(update(&shown, &[" said".to_owned()], &new), "\r\x1b[1A\x1b[J said\r\na\r\nb\r");
    }

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
