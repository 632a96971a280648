//! Who sends a message: the agent in whose pane this process runs, as the kernel has it, and what the caller claims.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use mosaic_domain::{AgentName, Pid, ProcessIdentity};
use mosaic_heartbeat::RunDirectory;
use mosaic_process::{Liveness, ProcRoot};
use serde::{Deserialize, Serialize};

use crate::spool::MessageOwner;
use crate::{Label, short_host_name};

/// The agent in whose pane a process runs, and the pane process by which it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallingAgent {
    /// The agent.
    pub agent: AgentName,
    /// The pane process; `None` if the control group of the unit names the agent.
    pub process: Option<ProcessIdentity>,
}

/// The true sender of a message, as its record has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sender {
    /// The host and the agent, or `operator` for a process outside all agents' panes.
    pub label: Label,
    /// The agent in whose pane the sender ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The pane process of that agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<MessageOwner>,
}

impl Sender {
    /// Returns the sender for the agent in whose pane the caller runs; without one, the sender is a person or a tool.
    ///
    /// # Errors
    /// The name of this host cannot be a part of a label.
    pub fn new(calling: Option<&CallingAgent>) -> Result<Self, crate::InvalidLabel> {
        let name = calling.map_or("operator", |calling| calling.agent.as_str());
        Ok(Self {
            label: format!("{}:{name}", short_host_name()).parse()?,
            agent: calling.map(|calling| calling.agent.to_string()),
            process: calling.and_then(|calling| calling.process).map(MessageOwner::from),
        })
    }
}

/// The label under which a message is sent, and how far it can be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceClaim {
    /// The label that the caller gives, or the true one.
    pub label: String,
    /// Whether the label is shown beside the true one, because an agent gives it, or because only a variable that any
    /// process can set names it.
    pub is_claimed: bool,
}

impl SourceClaim {
    /// Decides the label. `given` is the label of the command line, and `agent_name` is `MOSAIC_AGENT_NAME`. A person or a
    /// tool outside all panes may choose a label freely, but is no agent because a variable says so.
    #[must_use]
    pub fn new(sender: &Sender, given: Option<&str>, agent_name: Option<&OsStr>) -> Self {
        let from_variable = agent_name.filter(|name| !name.is_empty());
        let from_variable = from_variable.map(|name| format!("{}:{}", short_host_name(), name.to_string_lossy()));
        let truth = sender.label.as_str();
        let (label, is_checked) = match (given, from_variable) {
            (Some(given), _) => (given.to_owned(), sender.agent.is_some()),
            (None, Some(label)) => (label, true),
            (None, None) => (truth.to_owned(), true),
        };
        Self { is_claimed: is_checked && label != truth, label }
    }
}

/// Returns the label as a preamble shows it: a claimed label stands beside the true one.
#[must_use]
pub(crate) fn shown_source(sender: &Label, source: &Label, is_claimed: bool) -> String {
    if is_claimed { format!("{sender} as {source}") } else { source.to_string() }
}

/// Finds the agent in whose pane this process runs: by the control group of its unit, or because a process that a sidecar
/// watches as an agent is an ancestor. `pane_of` finds the session of this fleet whose pane process is one of the
/// ancestors; it is asked only below a tmux server.
#[must_use]
pub fn calling_agent(
    run_directory: &RunDirectory,
    pane_of: impl FnOnce(&[Pid]) -> Option<(AgentName, Pid)>,
) -> Option<CallingAgent> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    if let Some(agent) = agent_of_groups(&groups) {
        return Some(CallingAgent { agent, process: None });
    }
    let proc = ProcRoot::default();
    let ancestors = ancestors();
    if let Some(found) = watched_ancestor(run_directory.path(), &ancestors, &proc) {
        return Some(found);
    }
    let is_server = |pid: &Pid| {
        let program = proc.program(*pid).ok().flatten();
        program.is_some_and(|program| program.to_string_lossy().starts_with("tmux"))
    };
    if !ancestors.iter().any(is_server) {
        return None;
    }
    let (agent, pid) = pane_of(&ancestors)?;
    Some(CallingAgent { agent, process: proc.identity(pid).ok().flatten() })
}

/// Returns whether this process runs in the pane of this agent, as its sidecar or its unit has it.
#[must_use]
pub fn runs_in_pane_of(run_directory: &RunDirectory, agent: &AgentName) -> bool {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    match agent_of_groups(&groups) {
        Some(of_unit) => of_unit == *agent,
        None => watched_process(run_directory.path(), agent).is_some_and(|process| ancestors().contains(&process.pid)),
    }
}

/// Returns the agent whose unit contains a process with these control groups, the contents of `/proc/PID/cgroup`.
fn agent_of_groups(groups: &str) -> Option<AgentName> {
    let components = groups.lines().flat_map(|line| line.rsplit(':').next().unwrap_or_default().split('/'));
    let mut agents = components.filter_map(|name| name.strip_prefix("mosaic-agent@")?.strip_suffix(".service"));
    agents.find_map(|name| name.parse().ok())
}

/// Returns the agent whose watched process is one of the ancestors. An agent's process may have started another agent's
/// tmux server by hand, so the nearest ancestor counts.
fn watched_ancestor(directory: &Path, ancestors: &[Pid], proc: &ProcRoot) -> Option<CallingAgent> {
    let files = fs::read_dir(directory).ok()?.flatten();
    let agents = files.filter_map(|file| file.file_name().to_str()?.strip_suffix(".hb")?.parse::<AgentName>().ok());
    let watched = agents.filter_map(|agent| {
        let process = watched_process(directory, &agent)?;
        let depth = ancestors.iter().position(|pid| *pid == process.pid)?;
        let is_alive = proc.liveness(&process).is_ok_and(Liveness::is_alive);
        is_alive.then_some((depth, CallingAgent { agent, process: Some(process) }))
    });
    watched.min_by_key(|(depth, _)| *depth).map(|(_, found)| found)
}

fn watched_process(directory: &Path, agent: &AgentName) -> Option<ProcessIdentity> {
    mosaic_heartbeat::read(&directory.join(format!("{agent}.hb"))).ok()??.process()
}

/// Returns this process and its ancestors, the nearest first.
fn ancestors() -> Vec<Pid> {
    let mut found = Vec::new();
    let mut next = Pid::new(std::process::id());
    while let Some(pid) = next.filter(|pid| !found.contains(pid)) {
        found.push(pid);
        next = fs::read(format!("/proc/{pid}/stat")).ok().and_then(|stat| parent(&stat));
    }
    found
}

/// Returns the parent from the contents of `/proc/PID/stat`.
fn parent(stat: &[u8]) -> Option<Pid> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Sender, SourceClaim, agent_of_groups, parent, shown_source};
    use crate::short_host_name;
    use std::ffi::OsStr;

    #[test]
    fn the_unit_of_a_control_group_names_the_agent() {
        let table = [
            ("0::/user.slice/user-0.slice/user@0.service/app.slice/mosaic-agent@coder0.service\n", Some("coder0")),
            ("1:name=systemd:/a/mosaic-agent@coder-0_x.service/inner\n0::/\n", Some("coder-0_x")),
            ("0::/user.slice/tmux-spawn-1.scope\n", None),
            ("0::/x/mosaic-agent@../b.service\n", None),
            ("", None),
        ];
        for (groups, expected) in table {
            assert_eq!(agent_of_groups(groups).map(|agent| agent.to_string()).as_deref(), expected, "{groups}");
        }
    }

    #[test]
    fn the_parent_is_read_behind_any_program_name() {
        assert_eq!(parent(b"7 (a ) R 1) S 42 7 7").map(|pid| pid.to_string()).as_deref(), Some("42"));
        assert_eq!(parent(b"1 (init) S 0 1"), None);
    }

    #[test]
    fn a_label_that_is_not_the_senders_own_is_a_claim() {
        let host = short_host_name();
        let sender = |name: &str, agent: Option<&str>| Sender {
            label: format!("{host}:{name}").parse().unwrap(),
            agent: agent.map(str::to_owned),
            process: None,
        };
        let (coder, operator) = (sender("coder0", Some("coder0")), sender("operator", None));
        let own = format!("{host}:coder0");
        // The sender, the given label, MOSAIC_AGENT_NAME, the label that is shown behind "as".
        let table = [
            (&coder, None, Some("coder0"), None),
            (&coder, None, None, None),
            (&coder, Some(own.as_str()), Some("coder0"), None),
            (&coder, Some("vm:lead"), Some("coder0"), Some("vm:lead".to_owned())),
            (&coder, None, Some("lead"), Some(format!("{host}:lead"))),
            (&operator, None, None, None),
            (&operator, Some("ci"), None, None),
            (&operator, Some("ci"), Some("lead"), None),
            (&operator, None, Some("lead"), Some(format!("{host}:lead"))),
        ];
        for (sender, given, variable, claimed) in table {
            let claim = SourceClaim::new(sender, given, variable.map(OsStr::new));
            let shown = claim.is_claimed.then(|| claim.label.clone());
            assert_eq!(shown, claimed, "{sender:?} {given:?} {variable:?}");
        }
        let label = |text: &str| text.parse().unwrap();
        assert_eq!(shown_source(&label("vm:coder0"), &label("vm:lead"), true), "vm:coder0 as vm:lead");
        assert_eq!(shown_source(&label("vm:operator"), &label("ci"), false), "ci");
    }
}
