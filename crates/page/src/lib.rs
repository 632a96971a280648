//! The page of a fleet that a person keeps open: from a snapshot to HTML, and nothing else.
//!
//! [`document`] is the page, complete as it stands. [`Changes`] says what of it is different since it
//! last said so, in pieces that the page's script puts in the place of the old ones; both are made by
//! the same functions, so they cannot disagree. [`History`] is what the page shows of the last hour.
//!
//! Nothing here reads a clock, a file or a network. Every text of a roster, a pane or an agent is
//! escaped on its way in ([`maud`] does that), and [`CONTENT_SECURITY_POLICY`] lets nothing run but the
//! page's own script.

mod activity_cell;
mod agent_details;
mod agent_row;
mod agents_table;
mod ages;
mod announcement;
mod asset;
mod changes;
mod command;
mod document;
mod doing;
mod drift_section;
mod element_id;
mod favicon;
mod fleet_state;
mod header;
mod history;
mod legend;
mod need;
mod sizes;
mod sparkline;
#[cfg(test)]
mod test_fleet;
mod view;

pub use asset::{Asset, CONTENT_SECURITY_POLICY, asset};
pub use changes::Changes;
pub use document::document;
pub use favicon::favicon;
pub use history::History;
