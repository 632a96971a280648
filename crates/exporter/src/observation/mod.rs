//! Looking at the fleet for all who ask: one look at a time, in a thread of its own, shared by everybody
//! who asks meanwhile or within a second. Whoever scrapes at regular intervals is expected, and finds a look
//! that was made just before. Nobody asks, nobody looks.

mod looker;
mod observations;
mod observed;
mod rhythm;
mod subject;

pub(crate) use observations::Observations;
pub(crate) use observed::Observed;
pub(crate) use subject::Subject;
