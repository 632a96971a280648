//! Looking at the fleet for all who ask: one look at a time, in a thread of its own, shared by everybody
//! who asks meanwhile or within a second. Nobody asks, nobody looks.

mod looker;
mod observations;
mod observed;
mod subject;

pub(crate) use observations::Observations;
pub(crate) use observed::Observed;
pub(crate) use subject::Subject;
