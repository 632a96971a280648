//! Launches runtimes: from a profile and a request to a command that replaces this process.
//!
//! [`Runtime::launch_command`] reads what the command depends on (the prompt's file, skills, the reporter's file), and
//! `compose` puts the command together, purely. Sessions, units and heartbeats do not belong here: a pane runs
//! `mosaic yolo codex`, and that process becomes `codex` a moment later.

mod compose;
mod launch_command;
mod launch_profile;
mod prompt;
mod skills;

pub use launch_command::{LaunchCommand, shell_quote};
pub use launch_profile::{Attended, LaunchProfile, ModeOption, RootRule, Unattended, Updater};
pub use prompt::{Prompt, PromptForm};
pub use skills::SkillSupport;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use mosaic_domain::{MosaicHome, RuntimeName, env_var};
use mosaic_process::find_on_path;

use crate::installed_package::InstalledPackage;
use crate::node::Node;
use crate::program_version::ProgramVersion;
use crate::reporters::{Attachment, attach_reporter};
use crate::running_version::LaunchedVersion;
use crate::{OlderVersions, Profile};
use compose::{Parts, compose};
use skills::skill_arguments;

/// A runtime that can be launched.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// The name in the roster and on the command line.
    pub name: RuntimeName,
    /// How the newest version of the program is installed, started and updated.
    pub launch: LaunchProfile,
    /// The npm packages of the program.
    pub packages: Vec<String>,
    /// How versions older than each of these are started, the newest of them first.
    older: Vec<(ProgramVersion, LaunchProfile)>,
}

/// Whether a program asks for permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaunchMode {
    /// A person is at the terminal: the program asks before it acts, as its own settings say.
    Attended,
    /// The program may do everything without asking.
    Unattended,
}

/// What to launch a runtime with.
#[derive(Clone, Copy, Debug)]
pub struct LaunchRequest<'a> {
    /// Whether the program asks for permissions.
    pub mode: LaunchMode,
    /// Whether the command is only printed, so that no file is written.
    pub print_only: bool,
    /// The file with the first prompt.
    pub kickstart: Option<&'a Path>,
    /// The user's own arguments for the program.
    pub arguments: &'a [OsString],
}

/// The surroundings of a launch.
#[derive(Clone, Copy)]
pub struct LaunchContext<'a> {
    /// The fleet's home.
    pub home: &'a MosaicHome,
    /// The `mosaic` program, which reporters call.
    pub mosaic: &'a Path,
    /// The directory in which the program will run.
    pub working_directory: &'a Path,
    /// Looks up the environment that the program will inherit.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// Whether the program will run as root.
    pub is_root: bool,
}

/// A runtime that cannot be launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The program is not installed.
    #[error("{program} is not in PATH ({path}): {}add its directory to PATH", install_advice(.install.as_deref()))]
    NotInstalled {
        /// The program.
        program: String,
        /// The value of `PATH`.
        path: String,
        /// The command that installs the program.
        install: Option<String>,
    },
    /// The program is a script for a newer Node than the one that would run it.
    #[error(
        "{program} {version} needs Node {needed} or newer, and {} is {}: install a newer Node and put its directory \
         before the others in PATH",
        .node.path.display(),
        .node.version
    )]
    NodeTooOld {
        /// The program.
        program: String,
        /// Its version.
        version: String,
        /// The oldest Node that runs it.
        needed: String,
        /// The Node that was found.
        node: Box<Node>,
    },
    /// The prompt cannot be read, or cannot be an argument.
    #[error("cannot take the first prompt from {}: {source}", .path.display())]
    Prompt {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// The profile of the runtime does not say how the program takes a prompt.
    #[error("the runtime '{name}' does not support --kickstart: its profile does not set launch.prompt")]
    NoPromptForm {
        /// The runtime.
        name: RuntimeName,
    },
    /// The value of the variable for the skill mode is unknown.
    #[error(
        "MOSAIC_PI_SKILL_MODE is '{}': expected none, all or discover, or unset for the skills of MOSAIC_PI_FORCE_SKILLS only",
        .value.escape_debug()
    )]
    SkillMode {
        /// The value.
        value: String,
    },
}

impl Runtime {
    /// Returns the runtime that a profile describes, if it says how it is launched.
    #[must_use]
    pub fn of_profile(name: RuntimeName, profile: &Profile) -> Option<Self> {
        let of_older = |older: &OlderVersions| {
            let launch = profile.for_older(older).launch.clone()?;
            Some((older.below.clone(), launch))
        };
        Some(Self {
            name,
            launch: profile.launch.clone()?,
            packages: profile.packages.clone(),
            older: profile.older.iter().filter_map(of_older).collect(),
        })
    }

    /// Returns how a version of the program is started.
    #[must_use]
    pub fn launch_for(&self, version: Option<&ProgramVersion>) -> &LaunchProfile {
        let is_older = |entry: &&(ProgramVersion, LaunchProfile)| version.is_some_and(|version| *version < entry.0);
        self.older.iter().rfind(is_older).map_or(&self.launch, |(_, launch)| launch)
    }

    /// Returns how the program updates itself.
    #[must_use]
    pub fn updater(&self) -> Option<&Updater> {
        self.launch.updater.as_ref()
    }

    /// Makes the command that launches the runtime, and writes the file that its reporter loads.
    ///
    /// # Errors
    /// The program is not installed, or the prompt or the skill mode cannot be used.
    pub fn launch_command(
        &self,
        request: &LaunchRequest<'_>,
        context: &LaunchContext<'_>,
    ) -> Result<LaunchCommand, LaunchError> {
        let path = (context.variable)(env_var::PATH);
        let program = find_on_path(&self.launch.program, path.as_deref(), Path::new("."));
        let program = program.ok_or_else(|| LaunchError::NotInstalled {
            program: self.launch.program.clone(),
            path: path.clone().unwrap_or_default().display().to_string(),
            install: self.launch.install.clone(),
        })?;
        let file = program.canonicalize().unwrap_or_else(|_| program.clone());
        let package = InstalledPackage::of_file(&file, &self.packages);
        if let Some(package) = &package
            && let Some(needed) = package.oldest_node.as_ref().filter(|_| Node::runs(&file))
            && let Some(node) = Node::on_path(path.as_deref()).filter(|node| node.version < *needed)
        {
            return Err(LaunchError::NodeTooOld {
                program: self.launch.program.clone(),
                version: package.version.to_string(),
                needed: needed.to_string(),
                node: Box::new(node),
            });
        }
        let version = package.map(|package| package.version);
        let launch = self.launch_for(version.as_ref());
        let prompt = request.kickstart.map(Prompt::load).transpose()?;
        if prompt.is_some() && launch.prompt.is_none() {
            return Err(LaunchError::NoPromptForm { name: self.name.clone() });
        }
        let user_arguments = request.arguments;
        let is_subcommand = launch.has_subcommand(user_arguments);
        let (attachment, reporter_warning) = if is_subcommand {
            (Attachment::default(), None)
        } else {
            attach_reporter(launch.reporter, context, request.print_only, user_arguments)
        };
        let (skills, skill_warning) = match launch.skills {
            Some(SkillSupport::Pi) if !is_subcommand => {
                skill_arguments(context.home.path(), context.working_directory, user_arguments, context.variable)?
            }
            _ => (Vec::new(), None),
        };
        let parts = Parts {
            program,
            mode: request.mode,
            attachment,
            skills,
            user_arguments,
            prompt: prompt.as_ref(),
            is_root: context.is_root,
        };
        let mut command = compose(launch, parts, context.variable);
        command.version = version.and_then(|version| LaunchedVersion::of_this_process(&launch.program, version));
        command.warnings.extend(reporter_warning.into_iter().chain(skill_warning));
        Ok(command)
    }
}

impl std::fmt::Debug for LaunchContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaunchContext").field("home", &self.home).finish_non_exhaustive()
    }
}

fn install_advice(install: Option<&str>) -> String {
    install.map(|install| format!("install it ({install}), or ")).unwrap_or_default()
}
