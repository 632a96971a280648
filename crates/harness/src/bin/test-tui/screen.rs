use crate::block::Block;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;

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

#[cfg(test)]
mod tests {
    use super::update;
    use crate::block::Block;

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
}
