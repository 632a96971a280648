//! What stands below the table of agents: every difference from the roster, and what to do about it.

use mosaic_probe::snapshot::DriftItem;

use super::wrap::paragraph;
use super::{Line, Paint, Style};

/// The lines below the table; none if nothing differs.
pub(super) fn drift_list(drift: &[DriftItem], style: &Style) -> Vec<Line> {
    if drift.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::of(Paint::Bold, "drift")];
    for item in drift {
        let first =
            Line::default().space(2).with(Paint::Yellow, item.kind.as_str()).space(1).with(Paint::Bold, &item.subject);
        lines.push(first.fit(style.columns, style.ellipsis()));
        lines.extend(paragraph(&Line::default().space(4), Paint::Plain, &item.detail, style.columns));
        if !item.advice.is_empty() {
            let arrow = Line::default().space(4).with(Paint::Cyan, style.arrow()).space(1);
            lines.extend(paragraph(&arrow, Paint::Plain, &item.advice, style.columns));
        }
    }
    lines
}
