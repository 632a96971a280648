//! Gives the demo: [`begin()`] chooses and becomes [`play()`], which makes the fleet, lets the
//! [`scene`](crate::scene) run on what it sees, and takes everything away again.

mod begin;
mod event_wait;
mod performance;
mod prologue;
mod run;
mod signals;

pub(crate) use begin::begin;
pub(crate) use run::play;
pub(crate) use signals::Signals;
