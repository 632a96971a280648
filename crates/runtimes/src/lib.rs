//! What is known of the programs that agents are, by how they look: a [`Profile`] for each, as data, and
//! a [`Screen`] that it reads: where the composer is, and which dialog is open.
//!
//! What is typed into them is decided in `delivery`, what an open dialog means for an agent in `probe`, and how
//! they are run in `cli`.

mod composer;
mod profile;
mod screen;
mod shown_lines;
mod sign;

pub use composer::Composer;
pub use profile::{ComposerForm, Dialog, DialogPlace, Library, Pattern, Profile, ProfileError, Reset};
pub use screen::{Screen, StyledLine, letters, squeezed};
pub use shown_lines::shown_lines;
pub use sign::Sign;
