//! The fleet as it is now: an observation, joined with the roster.
//!
//! These types are what `mosaic fleet ps --json` prints, so they only ever gain fields. Everything
//! here is data; how it comes about is in `judge` and `drift`, which are pure.

mod activity;
mod agent;
mod attention;
mod condition;
mod drift_item;
mod drift_kind;
mod fleet;
mod source_report;

pub use activity::{ActivitySnapshot, ActivitySource, WaitingFor};
pub use agent::{AgentSnapshot, HeartbeatHealth, HeartbeatSnapshot, SessionSnapshot, UnitSnapshot, UsageSnapshot};
pub use attention::Attention;
pub use condition::Condition;
pub use drift_item::DriftItem;
pub use drift_kind::DriftKind;
pub use fleet::{HolderSnapshot, RosterSnapshot, Snapshot};
pub use source_report::{SourceName, SourceReport, Sources};
