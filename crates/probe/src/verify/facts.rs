//! What only a verification asks for: it costs a program's start each, so a snapshot does without.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mosaic_domain::{AgentName, Pid, SocketName};
use mosaic_process::{CgroupMounts, FileFingerprint};
use mosaic_tmux::Server;
use rustix::fs::CWD;

use crate::observe::{GeneratedFiles, Observation, Source, Target};
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
#[derive(Debug, Default)]
pub(crate) struct KnownFacts(Source<TmuxVersion>);

/// A program, as it was when it said its version.
#[derive(Debug, Default)]
struct TmuxVersion(Option<(PathBuf, FileFingerprint, String)>);

impl KnownFacts {
    /// Gathers them, in bounded time: a search path may lead to a file system that hangs.
    pub(crate) fn gather(&self, target: &Arc<Target>, observation: &Observation) -> Facts {
        // Whom nobody wants to know of is not asked.
        let systemd = (!observation.direct)
            .then(|| observation.systemd.result.as_ref().map(|units| units.version.clone()).map_err(Clone::clone));
        let asks_tmux = !target.without.contains(&SourceName::Tmux);
        // A server that hangs says nothing of the program; a program that hangs has had its time.
        let patience = if observation.tmux.result.is_ok() { target.limit } else { target.limit / 4 };
        let found = self.0.begin(patience, {
            let (target, generated) = (Arc::clone(target), observation.generated.result.clone().ok());
            let socket = target.socket_by(observation.roster.roster());
            let server = observation.tmux.ok().and_then(|server| server.as_ref()?.pid);
            move |known| {
                let version = asks_tmux.then(|| known.of(&target, socket, patience.mul_f32(0.8)));
                let programs = generated.map(|generated| programs(&target, &generated)).unwrap_or_default();
                Ok((version, programs, server.and_then(group)))
            }
        });
        let (tmux_version, programs, server_group) =
            found.finish().result.unwrap_or_else(|why| (asks_tmux.then_some(Err(why)), BTreeMap::new(), None));
        Facts { tmux_version, systemd_version: systemd, server_group, programs }
    }
}

impl TmuxVersion {
    /// The version of the tmux that is found, which is only asked for one that was not asked before.
    fn of(&mut self, target: &Target, socket: SocketName, patience: Duration) -> Result<String, String> {
        let program = mosaic_tmux::find_tmux(target.search_path.as_deref()).map_err(|error| error.to_string())?;
        let mark = FileFingerprint::read(CWD, &program).ok().flatten();
        let same = |(known, read, _): &(PathBuf, FileFingerprint, String)| {
            *known == program && mark.is_some_and(|now| read.still_matches(&now))
        };
        if let Some((_, _, version)) = self.0.take_if(|known| same(known)) {
            self.0 = mark.map(|mark| (program, mark, version.clone()));
            return Ok(version);
        }
        let server = Server::new(program.clone(), socket).with_timeout(patience);
        let version = server.check_version().map_err(|error| error.to_string())?.to_string();
        self.0 = mark.map(|mark| (program, mark, version.clone()));
        Ok(version)
    }
}

/// Where the agents' programs are. Many have the same command and the same path, and then the same program.
fn programs(
    target: &Target,
    generated: &BTreeMap<AgentName, Arc<GeneratedFiles>>,
) -> BTreeMap<AgentName, Arc<Result<PathBuf, String>>> {
    type Found = Option<Arc<Result<PathBuf, String>>>;
    let tools = target.tools();
    let mut found: BTreeMap<(&str, &str), Found> = BTreeMap::new();
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

/// The name of a process' control group.
fn group(process: Pid) -> Option<String> {
    Some(CgroupMounts::read().ok()?.cgroup_of(process).ok()??.name().to_owned())
}
