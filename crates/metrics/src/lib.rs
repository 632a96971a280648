//! A snapshot as Prometheus families, in the text formats of Prometheus and OpenMetrics.
//!
//! [`Exposition`] is everything that a scrape answers with. Each [`Collector`] has a file of its own, and what it may
//! write is in one table, [`FAMILIES`]. [`Format::negotiate`] reads what a scraper asks for, [`Selection`] which
//! collectors it asks for. Everything here is pure: looking at the fleet does not belong here, and neither does HTTP.

mod build;
mod collector;
mod encoder;
mod exposition;
mod families;
mod family;
mod format;
mod number;
mod own_process;
mod roster_agents;
mod selection;

pub use build::Build;
pub use collector::Collector;
pub use exposition::{Exposition, out_of_time};
pub use families::FAMILIES;
pub use family::{Family, Kind};
pub use format::Format;
pub use own_process::OwnProcess;
pub use selection::{Selection, UnknownCollector};
