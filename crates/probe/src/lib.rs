//! Observes a fleet and judges it: observe → snapshot → drift → verify.
//!
//! [`observe_once`] does one observation, and an [`Observer`] repeats it with a cache. [`FleetLocation`] finds the
//! files and sockets of a fleet. An observation reads each source once, bounded in time; everything after that
//! is pure: the [`Snapshot`] joins the observation with the roster, [`verify`] is a table of checks, and
//! [`attention_advice`] says why an agent needs a person. [`doctor`] says what the fleet needs beside itself. This crate never changes what it observes.

mod advice;
mod assemble;
pub mod doctor;
mod drift;
pub mod ends;
#[cfg(any(test, feature = "example"))]
pub mod example;
mod judge;
mod limits;
mod observe;
mod observer;
pub mod snapshot;
mod target;
pub mod verify;

pub use observer::{Depth, ObservedFleet, Observer, observe_once};
pub use snapshot::Snapshot;
pub use snapshot::{AttentionAdvice, AttentionReason, attention_advice};
pub use target::{BadVariable, FleetLocation, Target, user};
pub use verify::{Scope, Verification, install_command};
