//! Starting agents: in transient units of the user manager, or directly if none answers.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mosaic_domain::env_var;
use mosaic_process::bounded_output;

use crate::agent_program::AgentProgram;
use crate::home::Home;
use crate::{DemoError, SOCKET, cleanup};

/// How long the user manager may take to show that it answers.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a job may take: stopping agents takes up to 30 s (`TimeoutStopSec`), the holder 20 s more.
const JOB_TIMEOUT: Duration = Duration::from_mins(1);

const HOLDER_UNIT: &str = include_str!("../../../framework/systemd/user/mosaic-tmux-holder.service");
const AGENT_UNIT: &str = include_str!("../../../framework/systemd/user/mosaic-agent@.service");

/// What starts the agents.
#[derive(Debug)]
pub(crate) enum Launcher {
    /// Transient units with the directives of the shipped units. The manager restarts an agent that fails.
    Manager,
    /// `start-agent-session`, because no user manager answers.
    Direct { reason: String },
}

impl Launcher {
    /// Looks for a user manager.
    pub(crate) fn find() -> Self {
        let runtime = env::var_os("XDG_RUNTIME_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
        let answer = match runtime {
            None => Err("XDG_RUNTIME_DIR is not set".to_owned()),
            Some(runtime) if !runtime.is_dir() => Err(format!("{} does not exist", runtime.display())),
            Some(_) => systemctl(&["show", "--property=Version"], PROBE_TIMEOUT),
        };
        answer.map_or_else(|reason| Self::Direct { reason }, |_| Self::Manager)
    }

    /// Whether agents that fail are restarted.
    pub(crate) fn restarts(&self) -> bool {
        matches!(self, Self::Manager)
    }

    /// Starts the unit of the tmux server. A direct start needs no preparation.
    pub(crate) fn prepare(&self, home: &Home) -> Result<(), DemoError> {
        if !self.restarts() {
            return Ok(());
        }
        let manager = |command: &str| {
            let command = command.to_owned();
            move |reason| DemoError::Manager { command, reason }
        };
        if !units("mosaic-demo-*").map_err(manager("systemctl --user list-units"))?.is_empty() {
            return Err(DemoError::Busy);
        }
        File::create(home.join("units")).map_err(DemoError::io("write to the demo's directory"))?;
        let mut command = transient_unit(HOLDER_UNIT, "holder", home, fleet_environment(home));
        run(&mut command, JOB_TIMEOUT).map(drop).map_err(manager("systemd-run --user for the tmux server"))
    }

    /// Starts an agent.
    pub(crate) fn start(&self, agent: &'static str, program: AgentProgram, home: &Home) -> Result<StartJob, DemoError> {
        let mut environment = fleet_environment(home);
        environment.extend([
            (env_var::AGENT_NAME, agent.into()),
            (env_var::AGENT_RUNTIME, program.name().into()),
            (env_var::AGENT_WORKDIR, home.join("work").into()),
            (env_var::AGENT_COMMAND, agent_command(program, home, agent, |name| env::var_os(name)).into()),
        ]);
        let mut command = match self {
            Self::Manager => transient_unit(AGENT_UNIT, agent, home, environment),
            Self::Direct { .. } => {
                let mut command = Command::new(home.join("bin").join("start-agent-session"));
                command.arg(agent).envs(environment).process_group(0);
                command
            }
        };
        let output = home.path().join(format!("start-{agent}.txt"));
        StartJob::spawn(agent, &mut command, output).map_err(DemoError::io(format!("start {agent}")))
    }
}

/// A start that is under way.
#[derive(Debug)]
pub(crate) struct StartJob {
    pub(crate) agent: &'static str,
    child: Child,
    output: PathBuf,
}

impl StartJob {
    /// The output goes to a file, because the processes that the start leaves behind could keep a pipe open.
    fn spawn(agent: &'static str, command: &mut Command, output: PathBuf) -> io::Result<Self> {
        let file = File::create(&output)?;
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        Ok(Self { agent, child, output })
    }

    /// Returns the start while it is under way, and `None` when it has succeeded.
    pub(crate) fn poll(mut self) -> Result<Option<Self>, DemoError> {
        let reason = match self.child.try_wait() {
            Ok(None) => return Ok(Some(self)),
            Ok(Some(status)) if status.success() => return Ok(None),
            Ok(Some(status)) => format!("{status}\n{}", fs::read_to_string(&self.output).unwrap_or_default()),
            Err(error) => error.to_string(),
        };
        Err(DemoError::Start { agent: self.agent, reason: reason.trim_end().to_owned() })
    }

    /// Ends the start.
    pub(crate) fn cancel(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The names of the loaded units that match a pattern.
pub(crate) fn units(pattern: &str) -> Result<Vec<String>, String> {
    let list = systemctl(&["list-units", "--all", "--plain", "--no-legend", pattern], JOB_TIMEOUT)?;
    Ok(list.lines().filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect())
}

/// Stops the units of a demo, and lets the manager forget those that failed. The error names the units that are left.
pub(crate) fn stop_units(home: &Home) -> Result<(), String> {
    let pattern = format!("{}-*", home.unit_prefix());
    let mut left = units(&pattern)?;
    for _ in 0..5 {
        if left.is_empty() {
            return Ok(());
        }
        // Both fail if a unit ends and is unloaded between its listing and its turn, so their results do not count.
        let _ = systemctl(&["stop", &pattern], JOB_TIMEOUT);
        let _ = systemctl(&["reset-failed", &pattern], JOB_TIMEOUT);
        left = units(&pattern)?;
    }
    if left.is_empty() { Ok(()) } else { Err(format!("units {}", left.join(", "))) }
}

fn fleet_environment(home: &Home) -> Vec<(&'static str, OsString)> {
    vec![
        (cleanup::MARK, home.path().into()),
        (env_var::PATH, env::var_os(env_var::PATH).unwrap_or_default()),
        (env_var::HOME, home.join("home").into()),
        (env_var::SHELL, "/bin/sh".into()),
        (env_var::MOSAIC_HOME, home.fleet_paths().home().into()),
        (env_var::HEARTBEAT_RUN_DIR, home.run().path().into()),
        (env_var::TMUX_SOCKET, SOCKET.into()),
        // The shortest interval, so that the table changes often.
        (env_var::HEARTBEAT_INTERVAL, "1".into()),
    ]
}

/// The command line of an agent, for `/bin/sh`. A real runtime gets the user's `HOME` and `SHELL`, for its account.
pub(crate) fn agent_command(
    program: AgentProgram,
    home: &Home,
    agent: &str,
    variable: impl Fn(&str) -> Option<OsString>,
) -> String {
    if program == AgentProgram::StandIn {
        return format!("exec {} --stand-in {agent}", home.join("demo").display());
    }
    let quoted = |name| {
        let value = variable(name)?.to_string_lossy().replace('\'', r"'\''");
        Some(format!("{name}='{value}' "))
    };
    format!("{}exec {program}", [env_var::HOME, env_var::SHELL].into_iter().filter_map(quoted).collect::<String>())
}

/// `systemd-run` for a shipped unit under a name of the demo's.
fn transient_unit(shipped: &str, name: &str, home: &Home, environment: Vec<(&'static str, OsString)>) -> Command {
    let mut command = Command::new("systemd-run");
    command.args(["--user", "--quiet", "--no-ask-password"]).arg(format!("--unit={}-{name}", home.unit_prefix()));
    let Directives { properties, exec_start } = directives(shipped, name, home);
    command.args(properties.into_iter().map(|property| format!("--property={property}")));
    for (name, value) in environment {
        let mut assignment = OsString::from(format!("--setenv={name}="));
        assignment.push(value);
        command.arg(assignment);
    }
    // A process group of its own keeps Ctrl-C away from it.
    command.arg("--").args(exec_start).process_group(0);
    command
}

#[derive(Debug)]
struct Directives {
    properties: Vec<String>,
    exec_start: Vec<String>,
}

/// The directives of a shipped unit, with the names and paths of the demo.
fn directives(shipped: &str, name: &str, home: &Home) -> Directives {
    let text = shipped
        .replace("\\\n", " ")
        .replace("%h/.config/mosaic/tools/fleet", &home.join("bin").display().to_string())
        .replace("mosaic-tmux-holder.service", &format!("{}-holder.service", home.unit_prefix()))
        .replace("Description=Mosaic Fleet:", "Description=Mosaic Fleet demo:")
        .replace("%i", name);
    let mut directives = Directives { properties: Vec::new(), exec_start: Vec::new() };
    for line in text.lines().take_while(|line| *line != "[Install]") {
        match line.split_once('=') {
            None => {}
            _ if line.starts_with(['#', '[']) => {}
            // The environment of the demo replaces that of the installed fleet.
            Some(("EnvironmentFile", _)) => {}
            Some(("Environment", value)) if value.starts_with("MOSAIC_TMUX_SOCKET=") => {}
            Some(("ExecStart", words)) => {
                let words = words.split_whitespace();
                directives.exec_start = words.map(|word| word.replace("\\;", ";")).collect();
            }
            Some(_) => directives.properties.push(line.to_owned()),
        }
    }
    directives
}

fn systemctl(arguments: &[&str], timeout: Duration) -> Result<String, String> {
    let mut command = Command::new("systemctl");
    run(command.args(["--user", "--no-pager", "--no-ask-password"]).args(arguments).process_group(0), timeout)
}

/// The standard output of a command; the error is the first line of its standard error.
fn run(command: &mut Command, timeout: Duration) -> Result<String, String> {
    let output = bounded_output(command, timeout).map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(errors.lines().next().map_or_else(|| output.status.to_string(), |line| line.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{AGENT_UNIT, HOLDER_UNIT, agent_command, directives};
    use crate::agent_program::AgentProgram;
    use crate::home::Home;
    use std::ffi::OsString;

    #[test]
    fn a_real_runtime_gets_the_users_home_and_a_stand_in_does_not() {
        let home = Home::new("/tmp/d".into());
        let variable = |name: &str| (name == "HOME").then(|| OsString::from("/home/o'neill"));
        let command = |program| agent_command(program, &home, "worker", variable);
        assert_eq!(command(AgentProgram::StandIn), "exec /tmp/d/demo --stand-in worker");
        assert_eq!(command(AgentProgram::Pi), r"HOME='/home/o'\''neill' exec pi");
    }

    #[test]
    fn transient_units_name_nothing_of_an_installed_fleet() {
        let home = Home::new("/tmp/mosaic-demo-1".into());
        let (holder, agent) = (directives(HOLDER_UNIT, "holder", &home), directives(AGENT_UNIT, "worker", &home));
        for unit in [&holder, &agent] {
            for foreign in ["%h", "%i", "mosaic-factory", "mosaic-tmux-holder", ".config"] {
                assert!(!format!("{unit:?}").contains(foreign), "{foreign} in {unit:?}");
            }
        }
        assert_eq!(agent.exec_start, ["/tmp/mosaic-demo-1/bin/start-agent-session", "--foreground", "worker"]);
        for property in ["Requires=mosaic-demo-1-holder.service", "Type=notify", "Restart=on-failure", "Delegate=yes"] {
            assert!(agent.properties.iter().any(|given| given == property), "{property} in {agent:?}");
        }
        assert!(holder.exec_start.iter().any(|word| word == ";"), "{holder:?}");
    }

    #[test]
    fn the_roster_of_the_demo_is_valid() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::new(root.path().join("demo"));
        let programs = crate::home::Programs { directory: root.path().into(), demo: root.path().into() };
        home.create().unwrap();
        home.fill(&programs, "stand-in", "exec it's").unwrap();
        let mut observer = crate::observer::Observer::new(&home).unwrap();
        let rows = observer.observe(&[]).unwrap();
        assert_eq!(rows.iter().map(|row| row.agent).collect::<Vec<_>>(), crate::AGENTS);
        assert!(rows.iter().all(|row| row.reason.as_deref() != Some("not in the snapshot")), "{rows:?}");
    }
}
