//! The assignment of a sidecar: the agent that it watches, and its command line.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use jiff::Timestamp;
use mosaic_domain::{AgentName, Pid, ProcessIdentity};
use mosaic_heartbeat::{Heartbeat, LastExit};
use mosaic_process::ProcRoot;
use mosaic_tmux::{PaneId, Server};

use crate::handshake::HandshakeAddress;
use crate::launch_settings::LaunchSettings;

/// An agent, its pane, and the process in it. The sidecar gets it as `key=value` arguments, which every user can read;
/// the agent's settings are in the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The agent.
    pub agent: AgentName,
    /// Its pane.
    pub pane: PaneId,
    /// The pane process.
    pub process: ProcessIdentity,
    /// The process of the tmux server.
    pub server: Pid,
    /// How often the agent was started, including this time.
    pub generation: u64,
    /// The number of the last heartbeat in this generation.
    pub sequence: u64,
    /// How the previous process ended, if that is known.
    pub last_exit: Option<LastExit>,
    /// The address of the handshake socket, to which the process of a respawned pane connects.
    pub handshake: Option<HandshakeAddress>,
    /// The tmux program.
    pub tmux: PathBuf,
}

/// The error of parsing arguments that are not an assignment.
#[derive(Debug, thiserror::Error)]
#[error("the argument '{0}' is missing or invalid: start-agent-session starts agent-sidecar; do not start it by hand")]
pub struct InvalidAssignment(&'static str);

impl Assignment {
    /// An assignment that continues the heartbeat on disk: the same process continues its generation, and another
    /// process begins the next one.
    pub(crate) fn new(
        settings: &LaunchSettings,
        server: &Server,
        pane: PaneId,
        process: ProcessIdentity,
        server_process: Pid,
        handshake: Option<HandshakeAddress>,
    ) -> Self {
        // An unreadable heartbeat counts as none.
        let before = mosaic_heartbeat::read(&settings.run_directory.heartbeat(&settings.agent)).ok().flatten();
        let same = before.as_ref().and_then(Heartbeat::process) == Some(process);
        let latest_exit = before.as_ref().and_then(Heartbeat::latest_exit);
        let (generation, sequence, last_exit) = match before.and_then(|heartbeat| heartbeat.binding) {
            Some(binding) if same => (binding.generation, binding.sequence, binding.last_exit),
            Some(binding) => (binding.generation.saturating_add(1), 0, latest_exit),
            None => (1, 0, None),
        };
        Self {
            agent: settings.agent.clone(),
            pane,
            process,
            server: server_process,
            generation,
            sequence,
            last_exit,
            handshake,
            tmux: server.program().to_owned(),
        }
    }

    /// The arguments that [`Assignment::parse`] reads.
    #[must_use]
    pub fn to_arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            format!("agent={}", self.agent).into(),
            format!("pane={}", self.pane).into(),
            format!("pid={}", self.process.pid).into(),
            format!("start={}", self.process.start_ticks).into(),
            format!("server={}", self.server).into(),
            format!("gen={}", self.generation).into(),
            format!("seq={}", self.sequence).into(),
            [OsStr::new("tmux="), self.tmux.as_os_str()].into_iter().collect(),
        ];
        if let Some(LastExit { verdict, at }) = self.last_exit {
            // In seconds, so that the sidecar needs no parser for timestamps.
            arguments
                .extend([format!("last_exit={verdict}").into(), format!("last_exit_ts={}", at.as_second()).into()]);
        }
        arguments.extend(self.handshake.map(|address| format!("handshake={address}").into()));
        arguments
    }

    /// Parses the arguments.
    ///
    /// # Errors
    /// An argument is missing or invalid.
    pub fn parse(arguments: &[OsString], proc: &ProcRoot) -> Result<Self, InvalidAssignment> {
        let boot = proc.boot_id().map_err(|_| InvalidAssignment("/proc/sys/kernel/random/boot_id"))?;
        Ok(Self {
            agent: value(arguments, "agent")?,
            pane: value(arguments, "pane")?,
            process: ProcessIdentity { pid: value(arguments, "pid")?, start_ticks: value(arguments, "start")?, boot },
            server: value(arguments, "server")?,
            generation: value(arguments, "gen")?,
            sequence: value(arguments, "seq")?,
            last_exit: find(arguments, "last_exit").map(|_| last_exit(arguments)).transpose()?,
            handshake: find(arguments, "handshake").map(|_| value(arguments, "handshake")).transpose()?,
            tmux: find(arguments, "tmux").map(PathBuf::from).ok_or(InvalidAssignment("tmux"))?,
        })
    }
}

fn last_exit(arguments: &[OsString]) -> Result<LastExit, InvalidAssignment> {
    let at = Timestamp::from_second(value(arguments, "last_exit_ts")?);
    Ok(LastExit { verdict: value(arguments, "last_exit")?, at: at.map_err(|_| InvalidAssignment("last_exit_ts"))? })
}

fn find(arguments: &[OsString], key: &str) -> Option<OsString> {
    let value =
        |argument: &OsString| Some(argument.as_bytes().strip_prefix(key.as_bytes())?.strip_prefix(b"=")?.to_vec());
    arguments.iter().find_map(value).map(OsString::from_vec)
}

fn value<T: std::str::FromStr>(arguments: &[OsString], key: &'static str) -> Result<T, InvalidAssignment> {
    find(arguments, key).and_then(|value| value.to_str()?.parse().ok()).ok_or(InvalidAssignment(key))
}

#[cfg(test)]
mod tests {
    use super::Assignment;
    use crate::handshake::HandshakeAddress;
    use jiff::Timestamp;
    use mosaic_domain::{ExitVerdict, ProcessIdentity};
    use mosaic_heartbeat::LastExit;
    use mosaic_process::ProcRoot;

    #[test]
    fn an_assignment_round_trips_through_its_arguments() {
        let proc = ProcRoot::default();
        let at = Timestamp::from_second(1_795_186_688).unwrap();
        let restarted = Some(LastExit { verdict: ExitVerdict::Signal(9), at });
        for (handshake, last_exit) in [(None, None), (Some(HandshakeAddress::new().unwrap()), restarted)] {
            let assignment = Assignment {
                agent: "coder0".parse().unwrap(),
                pane: "%4".parse().unwrap(),
                process: ProcessIdentity {
                    pid: 18960.try_into().unwrap(),
                    start_ticks: 67697,
                    boot: proc.boot_id().unwrap(),
                },
                server: 812.try_into().unwrap(),
                generation: 3,
                sequence: 42,
                last_exit,
                handshake,
                tmux: "/opt/with space=/tmux".into(),
            };
            let arguments = assignment.to_arguments();
            assert_eq!(Assignment::parse(&arguments, &proc).unwrap(), assignment);
            for missing in 0..8 {
                let mut fewer = arguments.clone();
                fewer.remove(missing);
                assert!(Assignment::parse(&fewer, &proc).is_err(), "{missing}");
            }
            let without_time =
                arguments.iter().filter(|argument| !argument.to_string_lossy().starts_with("last_exit_ts"));
            let without_time: Vec<_> = without_time.cloned().collect();
            assert_eq!(Assignment::parse(&without_time, &proc).is_err(), last_exit.is_some());
        }
    }
}
