//! `mosaic fleet update`: programs by their own updaters, then their agents, one at a time; what fails stops
//! it there, and the same command goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod interrupted;
mod plans;
mod real_pi;
mod relaunches;
mod stage;
mod underway;
mod updaters;
