//! What is known of a runtime's terminal interface, as data: how its composer, a queued note and a dialog
//! look, and what must not be typed into it. `framework/fleet/runtimes` has the profiles that are shipped;
//! a file of the same name in `fleet/runtimes` of the fleet's home takes the place of one. What is done
//! with them is decided in `protocol`.

mod composer_form;
mod dialog;
mod library;
mod pattern;
mod profile_error;
mod reset;

pub use composer_form::ComposerForm;
pub use dialog::{Dialog, DialogPlace};
pub use library::Library;
pub use pattern::Pattern;
pub use profile_error::ProfileError;
pub use reset::Reset;

use std::path::Path;

use crate::composer::Composer;
use crate::screen::Screen;

/// The profile of one runtime.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The version of this format; 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The versions of the program that it was tested with.
    #[serde(default)]
    pub tested_with: Vec<String>,
    /// The names of its processes, by which a pane of no roster is recognised.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Where what is typed shows up.
    pub composer: ComposerForm,
    /// What the composer shows instead of a long text; groups named `lines` and `chars` say how long it is.
    #[serde(default)]
    pub pasted: Option<Pattern>,
    /// A line that shows a message which the runtime keeps for later; a group `text` has its beginning.
    /// Without such a group, a mark below a turn that is kept.
    #[serde(default)]
    pub queued: Option<Pattern>,
    /// A line that is there only while it works.
    #[serde(default)]
    pub busy: Option<Pattern>,
    /// What may be there instead of a composer, because a person has to choose something.
    #[serde(default)]
    pub dialogs: Vec<Dialog>,
    /// Is a message told from whom it is? To a shell, which would take that for a command, it is not.
    #[serde(default = "told")]
    pub preamble: bool,
    /// The longest text that is typed, in bytes; a longer one is put into a file, or refused.
    #[serde(default = "longest")]
    pub longest: usize,
    /// Characters that its composer would change: a text with one of them is put into a file, or refused.
    #[serde(default)]
    pub changes: String,
    /// Can it be told to read a file?
    #[serde(default)]
    pub reads_files: bool,
    /// What is typed behind a text that ends in a backslash, so that Enter is not taken for a part of it.
    #[serde(default)]
    pub after_backslash: String,
    /// The characters that make a command of a text which begins with them.
    #[serde(default)]
    pub commands: String,
    /// How it is made to forget; without, its service is restarted.
    #[serde(default)]
    pub reset: Option<Reset>,
}

/// What a program was seen to take in one paste without trouble.
fn longest() -> usize {
    64 << 10
}

fn told() -> bool {
    true
}

impl Profile {
    /// The only version of the format that there is.
    pub const VERSION: u32 = 1;

    /// Reads a profile's text; `path` is named in errors.
    ///
    /// # Errors
    /// The text is no profile.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ProfileError> {
        let invalid = |message: String| ProfileError::Invalid { path: path.to_owned(), message };
        let profile: Self = serde_saphyr::from_str(text).map_err(|error| invalid(error.to_string()))?;
        if profile.version != Self::VERSION {
            return Err(invalid(format!("version is {}, expected {}", profile.version, Self::VERSION)));
        }
        Ok(profile)
    }

    /// The dialog that is open.
    #[must_use]
    pub fn dialog_on(&self, screen: &Screen) -> Option<&Dialog> {
        let composer = Composer::find(&self.composer, screen);
        self.dialogs.iter().find(|dialog| dialog.is_on(screen, composer.as_ref()))
    }

    /// Does a text that begins like this one become a command?
    #[must_use]
    pub fn is_command(&self, text: &str) -> bool {
        text.chars().next().is_some_and(|first| self.commands.contains(first))
    }
}
