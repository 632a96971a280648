//! Renders a snapshot of a fleet as Prometheus metrics, in the text formats of Prometheus and OpenMetrics.
//!
//! [`Exposition`] renders everything that a scrape returns. [`FAMILIES`] is the table of the families that it can
//! contain, most of which belong to a [`Collector`]. [`Format::negotiate`] and [`Selection`] interpret what a scraper
//! requests. The crate is pure: it neither observes the fleet nor serves HTTP.

mod collector;
mod constant_labels;
mod encoder;
mod exposition;
mod family;
mod fleet_families;
mod format;
mod sample_value;

pub use collector::{Collector, Selection, States, UnknownCollector, UnknownStates};
pub use constant_labels::{ConstantLabels, InvalidLabel};
pub use encoder::{Encoder, SampleWriter, Samples};
pub use exposition::{Build, Exposition, OwnProcess, write_out_of_time};
pub use family::{EXPORTER_FAMILIES, FAMILIES, Family, Kind};
pub use format::Format;
pub use sample_value::SampleValue;
