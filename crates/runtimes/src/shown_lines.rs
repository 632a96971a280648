//! A screen as a person reads it.

use crate::screen::Screen;

/// The visible rows as plain text, without the blank ones at the end.
#[must_use]
pub fn shown_lines(screen: &Screen) -> Vec<&str> {
    let rows = screen.visible();
    let shown = rows.iter().rposition(|row| !row.text.is_empty()).map_or(0, |last| last + 1);
    rows[..shown].iter().map(|row| row.text.as_str()).collect()
}
