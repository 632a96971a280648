//! What only a verification asks for: it costs a program's start each, so a snapshot does without.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::AgentName;
use process::CgroupMounts;
use systemd::UserManager;
use tmux::Server;

use crate::observe::{Observation, Target};
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
    pub programs: BTreeMap<AgentName, Result<PathBuf, String>>,
}

impl Facts {
    /// Gathers them, in bounded time.
    #[must_use]
    pub fn gather(target: &Target, observation: &Observation) -> Self {
        let tmux = tmux::find_program(target.search_path.as_deref())
            .map(|program| Server::new(program, target.socket()).within(target.limit))
            .and_then(|server| server.check_version())
            .map(|version| version.to_string());
        let systemd = (!observation.direct).then(|| {
            // Who has just not answered is not waited for again.
            observation.systemd.result.as_ref().map_err(Clone::clone)?;
            let manager = UserManager::connect(&target.manager, target.limit);
            manager.and_then(|manager| manager.version()).map_err(|error| error.to_string())
        });
        let generated = observation.generated.result.as_ref().ok();
        let programs = generated.into_iter().flatten();
        let found = |path: Option<&str>, command: &str| {
            find_program(command, path.unwrap_or_default(), target.user_home.as_deref(), &target.tools())
        };
        Self {
            tmux_version: Some(tmux.map_err(|error| error.to_string())),
            systemd_version: systemd,
            server_group: server_group(observation),
            programs: programs
                .filter_map(|(agent, files)| {
                    Some((agent.clone(), found(files.search_path.as_deref(), &files.command)?))
                })
                .collect(),
        }
    }
}

fn server_group(observation: &Observation) -> Option<String> {
    let server = observation.tmux.ok()?.as_ref()?.pid?;
    Some(CgroupMounts::read().ok()?.group_of(server).ok()??.name().to_owned())
}
