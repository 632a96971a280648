//! The facts that only a verification needs: program versions, and where the programs of runtimes are.
//!
//! Each costs starting a program or searching a path, so a snapshot does without them.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mosaic_domain::{AgentName, MosaicHome, Pid, RuntimeName, SocketName, default_program_directories};
use mosaic_process::{CgroupMounts, FileFingerprint, find_in_directories, is_program};
use mosaic_roster::{absolute_program, required_program};
use mosaic_runtimes::ProfileLibrary;
use mosaic_tmux::Server;
use rustix::fs::CWD;

use crate::observe::{GeneratedFiles, Observation, Source};
use crate::snapshot::SourceName;
use crate::target::Target;

/// Why the program of an agent was not searched for.
pub(super) const NO_SEARCH_PATH: &str = "its env file records no search path";

/// Versions, and where the programs of runtimes are.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProgramFacts {
    /// The version of tmux, or why it cannot be used; `None` if tmux is disabled as a source.
    pub(crate) tmux_version: Option<Result<String, String>>,
    /// The version of systemd, or why it is unknown; `None` if the fleet runs without a user manager.
    pub(crate) systemd_version: Option<Result<String, String>>,
    /// The name of the tmux server's control group, which is a unit's name.
    pub(crate) server_group: Option<String>,
    /// The path of the program that each agent runs, or why it was not found.
    pub(crate) programs: BTreeMap<AgentName, Arc<Result<PathBuf, String>>>,
    /// The commands that install the programs that were not found, as far as the profiles of runtimes have one.
    pub(crate) installers: BTreeMap<AgentName, String>,
}

/// The cache between verifications: the version of tmux.
#[derive(Debug, Default)]
pub(crate) struct ProgramFactsCache(Source<TmuxVersionCache>);

/// The tmux program, its mark, and the version that it printed.
#[derive(Debug, Default)]
struct TmuxVersionCache(Option<(PathBuf, FileFingerprint, String)>);

impl ProgramFactsCache {
    /// Gathers the facts, in bounded time, because a search path may contain a file system that hangs.
    pub(crate) fn gather(&self, target: &Arc<Target>, observation: &Observation) -> ProgramFacts {
        let systemd = (!observation.direct)
            .then(|| observation.systemd.result.as_ref().map(|units| units.version.clone()).map_err(Clone::clone));
        let tmux_enabled = !target.disabled_sources.contains(&SourceName::Tmux);
        // If the tmux server hangs, the program may still work, but it gets less time: it may be what hangs.
        let limit = if observation.tmux.result.is_ok() { target.limit } else { target.limit / 4 };
        let found = self.0.begin(limit, {
            let (target, generated) = (Arc::clone(target), observation.generated.result.clone().ok());
            let socket = target.socket_name(observation.roster.roster());
            let server = observation.tmux.ok().and_then(|server| server.as_ref()?.pid);
            move |cache| {
                let version = tmux_enabled.then(|| cache.version(&target, socket, limit.mul_f32(0.8)));
                let programs = generated.as_ref().map(|generated| programs(&target, generated)).unwrap_or_default();
                let installers =
                    generated.map(|generated| installers(&target, &generated, &programs)).unwrap_or_default();
                Ok((version, (programs, installers), server.and_then(control_group_name)))
            }
        });
        let (tmux_version, (programs, installers), server_group) = found
            .finish()
            .result
            .unwrap_or_else(|why| (tmux_enabled.then_some(Err(why)), (BTreeMap::new(), BTreeMap::new()), None));
        ProgramFacts { tmux_version, systemd_version: systemd, server_group, programs, installers }
    }
}

impl TmuxVersionCache {
    /// The version of the tmux on the search path. A program is only started if it has changed.
    fn version(&mut self, target: &Target, socket: SocketName, limit: Duration) -> Result<String, String> {
        let program = mosaic_tmux::find_tmux(target.search_path.as_deref()).map_err(|error| error.to_string())?;
        let mark = FileFingerprint::read(CWD, &program).ok().flatten();
        let is_current = |(cached, read, _): &(PathBuf, FileFingerprint, String)| {
            *cached == program && mark.is_some_and(|now| read.still_matches(&now))
        };
        if let Some((_, _, version)) = self.0.take_if(|cached| is_current(cached)) {
            self.0 = mark.map(|mark| (program, mark, version.clone()));
            return Ok(version);
        }
        let server = Server::new(program.clone(), socket).with_timeout(limit);
        let version = server.check_version().map_err(|error| error.to_string())?.to_string();
        self.0 = mark.map(|mark| (program, mark, version.clone()));
        Ok(version)
    }
}

/// Finds the programs of all agents. Many agents have the same command and search path, and so the same program.
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

/// The commands that install the programs that were not found.
fn installers(
    target: &Target,
    generated: &BTreeMap<AgentName, Arc<GeneratedFiles>>,
    programs: &BTreeMap<AgentName, Arc<Result<PathBuf, String>>>,
) -> BTreeMap<AgentName, String> {
    let installer = |agent: &AgentName| {
        let program = required_program(Some(&generated.get(agent)?.command), &RuntimeName::default())?;
        install_command(&target.home, &program)
    };
    let missing = programs.iter().filter(|(_, program)| program.is_err()).map(|(agent, _)| agent);
    missing.filter_map(|agent| Some((agent.clone(), installer(agent)?))).collect()
}

/// The command that installs a program, if it is that of a runtime whose profile has one.
#[must_use]
pub fn install_command(home: &MosaicHome, program: &str) -> Option<String> {
    ProfileLibrary::new(home).runtime(&program.parse().ok()?).ok()??.launch.install
}

/// The name of the control group of a process.
fn control_group_name(process: Pid) -> Option<String> {
    Some(CgroupMounts::read().ok()?.cgroup_of(process).ok()??.name().to_owned())
}

/// Finds the program of a command on the recorded search path and then, as the launcher does, in the usual
/// directories. `None` if only a shell can resolve the command.
pub(crate) fn find_program(
    command: &str,
    path: &str,
    home: Option<&Path>,
    tools: &Path,
) -> Option<Result<PathBuf, String>> {
    if let Some(program) = absolute_program(command) {
        return Some(if is_program(program) {
            Ok(program.to_owned())
        } else {
            Err(format!("{} is not a program", program.display()))
        });
    }
    let program = required_program(Some(command), &RuntimeName::default())?;
    if path.is_empty() {
        return Some(Err(NO_SEARCH_PATH.to_owned()));
    }
    let usual = home.map(default_program_directories).unwrap_or_default();
    let directories = env::split_paths(path).chain([tools.to_path_buf()]).chain(usual);
    let found = find_in_directories(&program, directories, is_program);
    Some(found.ok_or_else(|| format!("{program} is not in {path}")))
}

#[cfg(test)]
mod tests {
    use super::find_program;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    #[test]
    fn programs_are_found_where_the_launcher_searches_or_by_path() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join(".local/bin");
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("only-here"), "").unwrap();
        fs::set_permissions(place.join("only-here"), fs::Permissions::from_mode(0o755)).unwrap();
        let find = |command, path| find_program(command, path, Some(home.path()), Path::new("/nonexistent"));
        assert_eq!(find("mosaic yolo sh", "/x:/bin").unwrap().unwrap(), Path::new("/bin/sh"));
        assert_eq!(find("mosaic yolo only-here", "/x").unwrap().unwrap(), place.join("only-here"));
        assert_eq!(find("exec /bin/sh -c x", "/x").unwrap().unwrap(), Path::new("/bin/sh"));
        assert_eq!(find("/no/such", "/bin").unwrap().unwrap_err(), "/no/such is not a program");
        let error = find("mosaic yolo no-such", "/x:/bin").unwrap().unwrap_err();
        assert_eq!(error, "no-such is not in /x:/bin");
        assert!(find("codex", "").unwrap().unwrap_err().contains("records"));
        for command in ["while sleep 1; do date; done", "command claude", "$HOME/bin/x"] {
            assert_eq!(find(command, "/bin"), None, "{command}");
        }
    }
}
