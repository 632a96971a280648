//! What only a verification asks for: it costs a program's start each, so a snapshot does without.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use domain::AgentName;
use process::{CgroupMounts, FileMark};
use rustix::fs::CWD;
use tmux::Server;

use crate::observe::{Observation, Target};
use crate::snapshot::SourceName;
use crate::verify::runtime_program::find_program;

/// Versions, and where runtimes are.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// tmux's version, or why it cannot be used.
    pub tmux_version: Option<Result<String, String>>,
    /// systemd's version, or why it cannot be told.
    pub systemd_version: Option<Result<String, String>>,
    /// The control group of the tmux server: a unit's name.
    pub server_group: Option<String>,
    /// Where the program that an agent runs is, or where it is not.
    pub programs: BTreeMap<AgentName, Arc<Result<PathBuf, String>>>,
}

/// What is remembered for the next verification: the version that a tmux has said.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownFacts {
    tmux: Option<(PathBuf, FileMark, String)>,
}

impl KnownFacts {
    /// Gathers them, in bounded time.
    pub(crate) fn gather(&mut self, target: &Target, observation: &Observation) -> Facts {
        // Who has just not answered is not waited for again, and whom nobody wants to know of is not asked.
        let systemd = (!observation.direct)
            .then(|| observation.systemd.result.as_ref().map(|units| units.version.clone()).map_err(Clone::clone));
        let tmux = (!target.without.contains(&SourceName::Tmux)).then(|| self.tmux_version(target, observation));
        Facts {
            tmux_version: tmux,
            systemd_version: systemd,
            server_group: server_group(observation),
            programs: programs(target, observation),
        }
    }

    fn tmux_version(&mut self, target: &Target, observation: &Observation) -> Result<String, String> {
        let program = tmux::find_program(target.search_path.as_deref()).map_err(|error| error.to_string())?;
        let mark = FileMark::of(CWD, &program).ok().flatten();
        let same = |(known, read, _): &(PathBuf, FileMark, String)| {
            *known == program && mark.is_some_and(|now| read.still_holds(&now))
        };
        if let Some((_, _, version)) = self.tmux.take_if(|known| same(known)) {
            self.tmux = mark.map(|mark| (program, mark, version.clone()));
            return Ok(version);
        }
        let server = Server::new(program.clone(), target.socket_by(observation.roster.roster())).within(target.limit);
        let version = server.check_version().map_err(|error| error.to_string())?.to_string();
        self.tmux = mark.map(|mark| (program, mark, version.clone()));
        Ok(version)
    }
}

/// Where the agents' programs are. Many have the same command and the same path, and then the same program.
fn programs(target: &Target, observation: &Observation) -> BTreeMap<AgentName, Arc<Result<PathBuf, String>>> {
    type Found = Option<Arc<Result<PathBuf, String>>>;
    let tools = target.tools();
    let mut found: BTreeMap<(&str, &str), Found> = BTreeMap::new();
    let generated = observation.generated.result.iter().flat_map(|files| files.iter());
    let mut programs = BTreeMap::new();
    for (agent, files) in generated {
        let (command, path) = (&*files.command, files.search_path.as_deref().unwrap_or_default());
        let program = found
            .entry((command, path))
            .or_insert_with(|| find_program(command, path, target.user_home.as_deref(), &tools).map(Arc::new));
        if let Some(program) = program {
            programs.insert(agent.clone(), Arc::clone(program));
        }
    }
    programs
}

fn server_group(observation: &Observation) -> Option<String> {
    let server = observation.tmux.ok()?.as_ref()?.pid?;
    Some(CgroupMounts::read().ok()?.group_of(server).ok()??.name().to_owned())
}
