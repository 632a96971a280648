//! Terminal output, without any knowledge of fleets.
//!
//! - [`Line`] and [`Paint`]: styled text, measured in columns, that carries no control characters
//! - [`Table`] and [`Column`]: aligned columns that fit the width of the terminal
//! - [`paragraph`] and [`flow`]: text and parts of a line, wrapped
//! - [`Style`]: the width, the colors and the character set that standard output supports
//! - [`format_bytes`], [`format_duration`] and [`elapsed`]: sizes and times as short text
//! - [`LiveScreen`] and [`LiveLog`]: output that is redrawn in place, on the alternate screen or below a log
//!
//! Everything but the two screens, [`Style::for_stdout`] and [`terminal_size`] is pure.

mod line;
mod live_log;
mod live_screen;
mod style;
mod table;
mod units;
mod wrap;

pub use line::{Line, Paint, escape_control, render};
pub use live_log::LiveLog;
pub use live_screen::LiveScreen;
pub use style::{Mark, Style, terminal_size};
pub use table::{Cell, Column, Table};
pub use units::{elapsed, format_bytes, format_duration, format_seconds};
pub use wrap::{flow, paragraph};
