//! Decides the next step of a delivery from one capture of the pane. The decision is pure and tested with tables;
//! [`crate::PaneDriver`] carries it out.
//!
//! ```text
//! ready ──the composer is visible, empty, and read──▶ type ──it shows exactly our text──▶ press Enter
//!   │ obstructed for too long                          │ it never does                     │
//!   ▼                                                  ▼                                   ▼
//! refused (nothing typed)                    unconfirmed ◀──no turn in time── submitted ──▶ accepted, queued
//!                                                                │ Enter became a line feed behind our text
//!                                                                ▼
//!                                                       press Enter again, once
//! ```

mod attempt;
mod clearing;
mod delivery_options;
mod evidence;
mod pane_capture;

pub use attempt::{DeliveryAttempt, LeftText, Step};
pub use clearing::{Clearing, ClearingStep};
pub use delivery_options::{DeliveryOptions, DeliveryTimeouts};
pub use pane_capture::{PaneCapture, PaneProcess};

#[cfg(test)]
mod tests;
#[cfg(test)]
mod text_form_tests;
