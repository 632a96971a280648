//! Renders the page that a person keeps open, from a snapshot of the fleet to HTML.
//!
//! [`document()`] renders the whole page. [`Changes`] renders what has changed since the last update, in fragments that
//! the page's script puts in place of the old ones. The same functions render both, so they cannot disagree.
//! [`History`] keeps what the page shows of the last hour.
//!
//! The crate reads no clock, no file and no network. [`maud`] escapes every text of a roster, a pane or an agent, and
//! [`CONTENT_SECURITY_POLICY`] allows no script but the page's own.

mod activity;
mod advice;
mod agent_group;
mod agent_row;
mod announcement;
mod asset;
mod changes;
mod document;
mod fleet_state;
mod history;
mod sections;
mod sparkline;
#[cfg(test)]
mod test_fleet;
mod view;

pub use asset::{Asset, CONTENT_SECURITY_POLICY, asset};
pub use changes::Changes;
pub use document::document;
pub use fleet_state::favicon;
pub use history::History;
