//! The text that commands print. The pages and tables are pure; [`print()`], [`print_json()`] and [`print_notice()`]
//! write.

mod agent_cards;
mod agent_table;
mod diagnosis_page;
mod fleet_page;
mod hosts_page;
mod marks;
mod message_table;
mod output;
#[cfg(test)]
pub(crate) mod test_fleet;
mod verification_page;

pub(crate) use agent_cards::agent_cards;
pub(crate) use diagnosis_page::diagnosis_page;
pub(crate) use fleet_page::fleet_page;
pub(crate) use hosts_page::hosts_page;
pub(crate) use marks::{condition_mark, status_mark};
pub(crate) use message_table::message_table;
pub(crate) use mosaic_terminal::{Column, Line, LiveScreen, Paint, Style, Table, render};
pub(crate) use output::{print, print_json, print_json_outcome, print_notice, print_outcome};
pub(crate) use verification_page::verification_page;
