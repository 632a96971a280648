//! How answers look: all of it pure text, but [`print()`], [`tell()`] and [`LiveScreen`], which write it.

mod agent_cards;
mod agent_table;
mod class_group;
mod doing;
mod drift_list;
mod fleet_header;
mod fleet_page;
mod host_heading;
mod hosts_page;
mod line;
mod live_screen;
mod message_table;
mod paint;
mod print;
mod style;
mod table;
mod tell;
#[cfg(test)]
pub(crate) mod test_fleet;
mod units;
mod verification_page;
mod wrap;

pub(crate) use agent_cards::agent_cards;
pub(crate) use fleet_page::fleet_page;
pub(crate) use hosts_page::hosts_page;
pub(crate) use line::{Line, render};
pub(crate) use live_screen::LiveScreen;
pub(crate) use message_table::message_table;
pub(crate) use paint::Paint;
pub(crate) use print::{print, print_json};
pub(crate) use style::Style;
pub(crate) use table::{Column, Table};
pub(crate) use tell::tell;
pub(crate) use verification_page::verification_page;
