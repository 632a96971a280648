//! Runtimes: the programs that agents are. Everything that is known of one is data, in a [`Profile`]; a site adds a
//! runtime with a file and without Rust.
//!
//! * [`ProfileLibrary`] finds profiles: the shipped ones, and those of the site.
//! * [`Runtime::launch_command`] makes the command that launches a runtime, including what makes it report.
//! * [`EventFormat`] parses the events that runtimes report.
//! * [`Profile`] reads a [`Screen`]: where the composer is, which dialog is open, whether the program works.
//! * [`StatusFile`] reads what a program writes about itself.
//!
//! Typing into a program is up to `delivery`, and what an open dialog means for an agent is up to `probe`. This crate
//! has neither an async runtime nor D-Bus.

mod composer;
mod dialog;
mod dialog_answers;
mod installed_package;
mod launch;
mod node;
mod notice;
mod older_versions;
mod pattern;
mod profile;
mod profile_library;
mod program_version;
mod reporters;
mod reporting;
mod running_version;
mod screen;
mod sign;
mod status_file;

pub use composer::{Composer, ComposerForm, Tallest};
pub use dialog::{Dialog, DialogPlace};
pub use dialog_answers::{Answer, AnswerChoiceError, DialogAnswers, OfferedAnswer, OpenDialog};
pub use installed_package::InstalledPackage;
pub use launch::{
    Attended, LaunchCommand, LaunchContext, LaunchError, LaunchMode, LaunchProfile, LaunchRequest, ModeOption, Prompt,
    PromptForm, RootRule, Runtime, SkillSupport, Unattended, Updater, shell_quote,
};
pub use node::{NODE, Node};
pub use notice::Notice;
pub use older_versions::OlderVersions;
pub use pattern::Pattern;
pub use profile::{Folds, Profile, ProfileError, ResetCommands, ScreenSign};
pub use profile_library::{ProfileLibrary, shell_reads_terminal, shipped_runtime, shipped_runtimes};
pub use program_version::{InvalidVersion, ProgramVersion};
pub use reporters::Reporter;
pub use reporting::{EventFormat, EventReport};
pub use running_version::RunningVersion;
pub use screen::{Screen, StyledLine, letters, squeezed};
pub use sign::{Signs, Titles};
pub use status_file::{ProgramStatus, StatusFile, StatusMeaning};
