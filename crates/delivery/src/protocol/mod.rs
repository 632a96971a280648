//! What to do next with a message that is being delivered, decided from one look at the pane: pure, and
//! tested as tables. What is done then is in [`crate::Courier`].
//!
//! ```text
//! ready ──the composer is there, empty, and read──▶ type ──it shows just our text──▶ press Enter
//!   │ obstructed for too long                        │ it never does                   │
//!   ▼                                                ▼                                 ▼
//! refused (nothing typed)                  unconfirmed ◀──no turn in time── submitted ──▶ accepted, queued
//!                                                              │ still ours, unchanged, and Enter was read
//!                                                              ▼
//!                                                     press Enter again, once
//! ```

mod errand;
mod evidence;
mod own_text;
mod patience;
mod sight;
mod step;

pub use errand::{Errand, Request};
pub use patience::Patience;
pub use sight::{Occupant, Sight};
pub use step::Step;

use own_text::OwnText;

#[cfg(test)]
mod tests;
