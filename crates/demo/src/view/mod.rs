//! What is seen of the fleet, and how it is shown: [`Observer`] looks, `Verdict` judges and
//! [`table()`] lays out, both purely, and [`Screen`] writes.

mod condition;
mod evidence;
mod line;
mod live;
mod observer;
mod outputs;
mod paint;
mod row;
mod screen;
mod snapshots;
mod style;
mod table;
mod verdict;
mod wrap;

pub(crate) use condition::Condition;
pub(crate) use observer::{Depth, Observer};
pub(crate) use row::Row;
pub(crate) use screen::Screen;
pub(crate) use style::Style;
pub(crate) use table::table;
#[cfg(test)]
pub(crate) use verdict::Verdict;
