//! What a program's screen says of its doing.

use crate::{Composer, Profile, Screen};

/// What a program is about, by its looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It asks a person something, by the name that its profile gives the dialog.
    Dialog(String),
    /// It works.
    Busy,
    /// It takes messages, and does nothing else.
    Ready,
}

impl Profile {
    /// What a screen says; `None` if it says nothing, or if its profile does not know how this program looks when
    /// it works.
    #[must_use]
    pub fn sign_on(&self, screen: &Screen) -> Option<Sign> {
        if let Some(dialog) = self.dialog_on(screen) {
            return Some(Sign::Dialog(dialog.name.clone()));
        }
        if self.is_busy_on(screen) {
            return Some(Sign::Busy);
        }
        self.busy.as_ref()?;
        Composer::find(&self.composer, screen).map(|_| Sign::Ready)
    }

    /// Is there a line that is there only while it works?
    #[must_use]
    pub fn is_busy_on(&self, screen: &Screen) -> bool {
        let shows = |busy: &crate::Pattern| screen.visible().iter().any(|line| busy.matches(&line.text));
        self.busy.as_ref().is_some_and(shows)
    }
}
