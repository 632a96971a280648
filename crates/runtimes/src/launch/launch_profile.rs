//! The `launch` section of a runtime profile: how the program is installed, started and updated.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::prompt::PromptForm;
use super::skills::SkillSupport;
use crate::Reporter;

/// How a runtime's program is installed, started and updated.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchProfile {
    /// The program, which is searched for on `PATH`.
    pub program: String,
    /// Arguments that the program always gets, before all others.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Environment variables that the program always gets. A variable that is already set keeps its value.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// The command that installs the program. It is shown if the program is missing.
    #[serde(default)]
    pub install: Option<String>,
    /// How the program updates itself. Without it, `mosaic fleet update` cannot update the program.
    #[serde(default)]
    pub updater: Option<Updater>,
    /// What makes the program ask for permissions, as `mosaic NAME` starts it, if it does not by itself.
    #[serde(default)]
    pub attended: Attended,
    /// What lets the program act without asking for permissions, as `mosaic yolo` starts it.
    #[serde(default)]
    pub unattended: Unattended,
    /// How the program takes its first prompt on the command line. Without it, `--kickstart` is refused.
    #[serde(default)]
    pub prompt: Option<PromptForm>,
    /// The mechanism by which the program reports its activity.
    #[serde(default)]
    pub reporter: Reporter,
    /// The options by which the program takes skills, if Mosaic Fleet selects them.
    #[serde(default)]
    pub skills: Option<SkillSupport>,
    /// Subcommands that do something other than run the agent and have to be the first argument. Nothing is put before
    /// them.
    #[serde(default)]
    pub subcommands: Vec<String>,
}

impl LaunchProfile {
    /// Returns whether the first of the user's arguments is a subcommand, so that nothing may be put before it.
    pub(super) fn has_subcommand(&self, user_arguments: &[OsString]) -> bool {
        user_arguments.first().is_some_and(|first| self.subcommands.iter().any(|word| first == word.as_str()))
    }
}

/// How a program updates itself.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Updater {
    /// The arguments that make the program update itself, and nothing else.
    pub arguments: Vec<String>,
    /// The arguments, followed by a version, that make the program install that version of itself where no package
    /// manager has installed it.
    #[serde(default)]
    pub install_version: Option<Vec<String>>,
}

/// What makes a program ask for permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attended {
    /// Options, before the user's own arguments.
    #[serde(default)]
    pub options: Vec<ModeOption>,
}

/// Arguments that belong together, and give way to the user's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModeOption {
    /// The arguments.
    pub arguments: Vec<String>,
    /// The options with which the user decides otherwise, also in the form `--option=value`.
    #[serde(default)]
    pub unless: Vec<String>,
}

impl ModeOption {
    /// Whether the user's own arguments leave the decision to this option.
    pub(super) fn applies(&self, user_arguments: &[OsString]) -> bool {
        let option = |argument: &OsString| {
            let argument = argument.to_string_lossy().into_owned();
            argument.split_once('=').map_or(argument.clone(), |(option, _)| option.to_owned())
        };
        !user_arguments.iter().map(option).any(|option| self.unless.contains(&option))
    }
}

/// What lets a program act without asking for permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unattended {
    /// Arguments, before the user's own.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Options that answer in advance what the program would ask at its start, after the arguments above.
    #[serde(default)]
    pub options: Vec<ModeOption>,
    /// Environment variables. A variable that is already set keeps its value.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// What the program demands if it is run as root.
    #[serde(default)]
    pub root: Option<RootRule>,
}

/// A program that refuses to act without permissions as root, unless a variable confirms that this is safe.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RootRule {
    /// Each of these variables confirms it with the value `1`. Only a person may give this confirmation, so Mosaic Fleet
    /// never sets them.
    pub confirmed_by: Vec<String>,
    /// The warning that is shown while no variable confirms it.
    pub notice: String,
}
