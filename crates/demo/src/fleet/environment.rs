//! The environment of the demo's fleet.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{AGENTS, Home, Mark, SOCKET};
use crate::agent_kind::AgentKind;

/// What the launcher finds around it, besides what is there already.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    home: Home,
    kind: AgentKind,
    /// Where the programs of agents and of the fleet are looked for.
    path: OsString,
    /// What a real agent needs back.
    user: Vec<(&'static str, OsString)>,
}

impl Environment {
    /// For a fleet in `home` of agents of `kind`, called by somebody with these `variable`s.
    pub(crate) fn new(home: Home, kind: AgentKind, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let user = ["HOME", "SHELL"].into_iter().filter_map(|name| Some((name, variable(name)?))).collect();
        Self { home, kind, path: variable("PATH").unwrap_or_default(), user }
    }

    /// Of the whole fleet, the tmux server included.
    pub(crate) fn of_the_fleet(&self) -> Vec<(&'static str, OsString)> {
        vec![
            (Mark::VARIABLE, self.home.path().into()),
            ("PATH", self.path.clone()),
            ("HOME", self.home.user_home().into()),
            ("SHELL", "/bin/sh".into()),
            ("MOSAIC_HOME", self.home.user_home().join(".config/mosaic").into()),
            ("MOSAIC_TMUX_SOCKET", SOCKET.into()),
            ("MOSAIC_HEARTBEAT_RUN_DIR", self.home.run().path().into()),
            // Often, so that there is something to see.
            ("MOSAIC_HEARTBEAT_INTERVAL", "1".into()),
            ("MOSAIC_AGENT_RUNTIME", self.kind.name().into()),
            ("MOSAIC_AGENT_WORKDIR", self.home.work().into()),
        ]
    }

    /// Of one agent, besides.
    pub(crate) fn of(&self, agent: &str) -> Vec<(&'static str, OsString)> {
        vec![("MOSAIC_AGENT_NAME", agent.into()), ("MOSAIC_AGENT_COMMAND", self.command(agent))]
    }

    /// A line for `/bin/sh`. A real agent gets its user's home and shell back: its account is there.
    fn command(&self, agent: &str) -> OsString {
        if self.kind == AgentKind::StandIn {
            return format!("exec {} --stand-in {agent}", self.home.demo().display()).into();
        }
        let mut command = OsString::new();
        for (name, value) in &self.user {
            command.push(format!("{name}="));
            command.push(shell_quoted(value));
            command.push(" ");
        }
        command.push(format!("exec {}", self.kind.name()));
        command
    }

    /// Writes the files that the units read.
    pub(crate) fn write(&self) -> io::Result<()> {
        write_file(&self.home.fleet_file(), &self.of_the_fleet())?;
        AGENTS
            .iter()
            .try_for_each(|agent| write_file(&self.home.agents().join(format!("{agent}.env")), &self.of(agent)))
    }
}

fn write_file(path: &Path, variables: &[(&str, OsString)]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut text = Vec::new();
    for (name, value) in variables {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"=\"");
        // systemd.exec(5), "EnvironmentFile=": in double quotes these four want a backslash.
        for byte in value.as_bytes() {
            if b"\"\\`$".contains(byte) {
                text.push(b'\\');
            }
            text.push(*byte);
        }
        text.extend_from_slice(b"\"\n");
    }
    file.write_all(&text)
}

fn shell_quoted(value: &OsStr) -> OsString {
    let quoted = value.to_string_lossy().replace('\'', r"'\''");
    format!("'{quoted}'").into()
}

#[cfg(test)]
mod tests {
    use super::{Environment, Home};
    use crate::agent_kind::AgentKind;
    use std::ffi::OsString;

    fn environment(kind: AgentKind, at: &std::path::Path) -> Environment {
        let variable = |name: &str| match name {
            "HOME" => Some(OsString::from("/home/o'neill")),
            "PATH" => Some(OsString::from("/usr/bin:/opt/a $b\"c")),
            _ => None,
        };
        Environment::new(Home::at(at.to_owned()), kind, variable)
    }

    #[test]
    fn a_stand_in_lives_in_the_demo_and_a_real_agent_gets_its_home_back() {
        let command = |kind| environment(kind, "/tmp/d".as_ref()).command("worker").into_string().unwrap();
        assert_eq!(command(AgentKind::StandIn), "exec /tmp/d/demo --stand-in worker");
        assert_eq!(command(AgentKind::Pi), r"HOME='/home/o'\''neill' exec pi");
    }

    #[test]
    fn the_files_are_private_and_systemd_reads_the_values_back() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let environment = environment(AgentKind::StandIn, root.path());
        std::fs::create_dir(root.path().join("agents")).unwrap();
        environment.write().unwrap();
        let text = std::fs::read_to_string(root.path().join("fleet.env")).unwrap();
        assert!(text.contains("\nPATH=\"/usr/bin:/opt/a \\$b\\\"c\"\n"), "{text}");
        for file in ["fleet.env", "agents/planner.env", "agents/worker.env", "agents/reviewer.env"] {
            let mode = root.path().join(file).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
}
