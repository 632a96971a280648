//! What is there, against the roster: every difference, each named once and by its most exact name.
//!
//! Pure: a table over an observation. A source that could not be read yields no difference.

mod of_agent;
mod of_fleet;

pub(crate) use of_agent::{Expected, of_agent};
pub(crate) use of_fleet::{Known, of_fleet};

#[cfg(test)]
mod tests;
