//! The programs that are brought up to date, and the agents that run them.

use std::env::{join_paths, split_paths};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use mosaic_domain::{AgentName, usual_directories};
use mosaic_process::is_program;
use mosaic_roster::Roster;

use super::agent_line::AgentLine;
use super::selection::Selection;
use crate::context::Context;
use crate::error::CommandError;
use crate::runtime::{Profile, RuntimeError};

/// One program.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) profile: &'static Profile,
    /// Where it is found: mostly a link.
    pub(super) path: PathBuf,
    /// Where it finds other programs, and we it.
    pub(super) search_path: OsString,
    /// Who runs it, in the roster's order.
    pub(super) agents: Vec<AgentName>,
}

/// What a selection comes to.
#[derive(Clone, Debug, Default)]
pub(super) struct Programs {
    pub(super) programs: Vec<Program>,
    /// Agents whose program nobody knows but the site.
    pub(super) left_out: Vec<AgentName>,
}

impl Programs {
    /// Finds them, each where its agents would.
    ///
    /// # Errors
    /// One is not installed, or an env file cannot be read.
    pub(super) fn find(context: &Context, roster: &Roster, selection: &Selection) -> Result<Self, CommandError> {
        let mut found = Self::default();
        let chosen = roster.agents.iter().map(|agent| roster.settings(agent)).filter(|agent| selection.has(agent));
        for agent in chosen {
            let line = AgentLine::of(context, &agent)?;
            // Whoever names it says that the line runs it.
            let by_name = || Some((Profile::of(agent.runtime.as_str())?, None)).filter(|_| selection.is_named());
            let Some((profile, path)) = line.program(&agent.runtime).or_else(by_name) else {
                found.left_out.push(agent.name);
                continue;
            };
            found.add(context, profile, path, line.search_path.as_deref(), Some(agent.name))?;
        }
        for profile in selection.profiles() {
            if found.programs.iter().all(|program| !std::ptr::eq(program.profile, profile)) {
                found.add(context, profile, None, None, None)?;
            }
        }
        Ok(found)
    }

    fn add(
        &mut self,
        context: &Context,
        profile: &'static Profile,
        path: Option<PathBuf>,
        recorded: Option<&OsStr>,
        agent: Option<AgentName>,
    ) -> Result<(), CommandError> {
        let search_path = search_path(context, recorded);
        let path = path.or_else(|| find(profile.program, &search_path)).filter(|path| is_program(path));
        let Some(path) = path else {
            let path = search_path.display().to_string();
            let missing = RuntimeError::NotInstalled { program: profile.program, path, install: profile.install };
            return Err(missing.into());
        };
        let known = self.programs.iter_mut().find(|program| program.path == path);
        match known {
            Some(program) => program.agents.extend(agent),
            None => self.programs.push(Program { profile, path, search_path, agents: agent.into_iter().collect() }),
        }
        Ok(())
    }
}

/// Where an agent looks for programs, and then we.
fn search_path(context: &Context, recorded: Option<&OsStr>) -> OsString {
    let home = context.environment.variable("HOME").map(PathBuf::from);
    let usual = home.map(|home| usual_directories(&home)).unwrap_or_default();
    let own = context.environment.variable("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = Vec::new();
    // As the launcher has it; ours is the last, for what only an updater needs.
    let first = recorded.unwrap_or(&own);
    for directory in split_paths(first).chain(usual).chain(split_paths(&own)) {
        if directory.is_absolute() && !directories.contains(&directory) {
            directories.push(directory);
        }
    }
    join_paths(directories).unwrap_or(own)
}

fn find(program: &str, search_path: &OsStr) -> Option<PathBuf> {
    split_paths(search_path).map(|directory| directory.join(program)).find(|path: &PathBuf| is_program(Path::new(path)))
}
