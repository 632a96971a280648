use crate::{Binaries, Deadline, Fleet, Launched};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// One start of an agent by `start-agent-session`, put together piece by piece.
#[derive(Debug)]
#[must_use = "nothing is started until output() or spawn()"]
pub struct Launch<'fleet> {
    fleet: &'fleet Fleet,
    program: Option<PathBuf>,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, Option<OsString>)>,
    agent: Option<String>,
}

impl<'fleet> Launch<'fleet> {
    pub(crate) fn new(fleet: &'fleet Fleet, agent: String) -> Self {
        Self { fleet, program: None, arguments: Vec::new(), environment: Vec::new(), agent: Some(agent) }
    }

    /// Another program than the product's launcher, for a comparison.
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.program = Some(path.into());
        self
    }

    /// A further argument, before the agent's name.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// A variable of the launcher's environment.
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((key.into(), Some(value.into())));
        self
    }

    /// A variable of the fleet's that the launcher shall not see.
    pub fn env_remove(mut self, key: impl Into<OsString>) -> Self {
        self.environment.push((key.into(), None));
        self
    }

    /// What the agent runs.
    pub fn command(self, command: impl Into<OsString>) -> Self {
        self.env("MOSAIC_AGENT_COMMAND", command)
    }

    /// Seconds between heartbeats.
    pub fn interval(self, seconds: &str) -> Self {
        self.env("MOSAIC_HEARTBEAT_INTERVAL", seconds)
    }

    /// As under systemd.
    pub fn foreground(self) -> Self {
        self.arg("--foreground")
    }

    /// Names the agent in `MOSAIC_AGENT_NAME` instead of as an argument.
    pub fn named_by_environment(mut self) -> Self {
        let agent = self.agent.take().expect("asked for once");
        self.env("MOSAIC_AGENT_NAME", agent)
    }

    /// The process as it would be started.
    #[must_use]
    pub fn to_command(&self) -> Command {
        let program = self.program.clone();
        let program = program.unwrap_or_else(Binaries::start_agent_session);
        let mut command = self.fleet.command(program);
        command.args(&self.arguments).args(&self.agent);
        for (key, value) in &self.environment {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        command
    }

    /// Starts it, its output in pipes, and leaves it to the caller; the fleet kills it at the end.
    #[must_use]
    pub fn spawn(&self) -> Child {
        self.to_command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start the launcher")
    }

    /// Starts it and collects its output meanwhile.
    #[must_use]
    pub fn begin(&self) -> Launched {
        Launched::new(self.spawn())
    }

    /// Starts it and waits for its end and the end of its output.
    #[must_use]
    pub fn output(&self) -> Output {
        self.begin().finish(Deadline::default())
    }

    /// Starts it, and panics with what it said unless it exits with 0; its standard output.
    #[allow(clippy::must_use_candidate, reason = "that it succeeded is mostly all there is to know")]
    pub fn succeed(&self) -> String {
        let output = self.output();
        assert!(output.status.success(), "{:?}: {output:?}", self.to_command());
        String::from_utf8(output.stdout).expect("it speaks UTF-8")
    }
}
