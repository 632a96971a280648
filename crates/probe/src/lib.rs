//! What is there, and whether to trust it: observe → snapshot → drift → verify.
//!
//! [`look`] does it all, and an [`Observer`] does it again and again. Where a fleet is, [`Places`] finds.
//! [`observe()`] gathers each source once, bounded in time; [`assemble`] joins what was seen with the roster;
//! [`verify`] is a table of checks, and a [`plea`] is why an agent needs a person. Everything after the observation is pure. Doing
//! something about what was seen does not belong here.

mod assemble;
mod drift;
#[cfg(test)]
mod healthy;
mod judge;
mod look;
pub mod observe;
mod observer;
mod places;
mod plea;
pub mod snapshot;
pub mod verify;

pub use assemble::assemble;
pub use look::{Depth, Look, look};
pub use observe::{Target, observe};
pub use observer::Observer;
pub use places::{BadVariable, Places};
pub use plea::{Plea, plea};
pub use snapshot::Snapshot;
pub use verify::{Scope, Verification};
