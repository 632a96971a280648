//! Starts, stops and restarts agents: through the user manager, or directly where there is none.
//!
//! `looking` sees what runs, `plan` decides what each agent needs, purely, and `managed` and `direct`
//! do it; each agent's [`Report`] is told as soon as it is known. A manager that is there and does not
//! answer is an error: an agent that was then started directly would be one that systemd knows
//! nothing of.

mod at_once;
mod carry_out;
mod come_up;
mod direct;
mod ending;
mod failure;
mod launching;
mod looking;
mod managed;
mod order;
mod plan;
mod relaunch;
mod report;
mod run;
mod telling;
mod world;

pub(crate) use carry_out::{Hands, Scope, carry_out};
pub(crate) use come_up::come_up;
pub(crate) use order::Order;
pub(crate) use relaunch::relaunch;
pub(crate) use report::{Change, Report, Subject};
pub(crate) use run::run;
pub(crate) use telling::Teller;
