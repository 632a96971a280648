//! The env file of an agent that runs in its unit.
//!
//! The unit has no `EnvironmentFile=`: the user manager would open it, and hang with all its units if it is a FIFO.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;

use mosaic_domain::{AgentName, MosaicHome};
use mosaic_env_file::{exec_again, read_variables};
use mosaic_process::Cgroup;

/// The argument of a program that has the variables of the file already.
pub const HAS_ENV_FILE: &str = "--has-env-file";

/// The error of an env file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}; move it away and run 'mosaic fleet install'", .path.display())]
pub struct EnvFileError {
    /// The file.
    path: PathBuf,
    /// The cause.
    source: io::Error,
}

/// Executes this program again with the variables of the agent's env file, if it runs in the unit of the agent. Returns
/// if it does not, or if it has the variables already.
///
/// # Errors
/// The file cannot be used.
pub(crate) fn load_in_unit(agent: &OsStr) -> Result<(), EnvFileError> {
    let Some(agent) = agent.to_str().and_then(|agent| agent.parse::<AgentName>().ok()) else { return Ok(()) };
    let Ok(home) = MosaicHome::from_environment(|name| env::var_os(name)) else { return Ok(()) };
    if env::args_os().any(|argument| argument == HAS_ENV_FILE) || !runs_in_unit(&agent) {
        return Ok(());
    }
    let path = home.paths().agent_env(&agent);
    let failed = |source| EnvFileError { path: path.clone(), source };
    let variables = read_variables(&path).map_err(failed)?;
    let is_new = |(name, value): &(String, String)| env::var_os(name).is_none_or(|present| present != **value);
    if !variables.iter().any(is_new) {
        return Ok(());
    }
    Err(failed(exec_again(variables, &[OsString::from(HAS_ENV_FILE)])))
}

fn runs_in_unit(agent: &AgentName) -> bool {
    let own = Cgroup::current().ok().flatten();
    // systemd runs the control processes of a unit with `Delegate=` in a group below the unit's.
    let group = own.and_then(|own| if own.name() == ".control" { own.parent() } else { Some(own) });
    group.is_some_and(|group| group.name() == format!("mosaic-agent@{agent}.service"))
}
