use crate::{Binaries, Deadline, Fleet, ProcessWatch};
use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

/// A builder for one start of an agent by `start-agent-session`.
#[derive(Debug)]
#[must_use = "the launcher starts with output(), begin() or spawn()"]
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

    /// Runs another program instead of the product's launcher.
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.program = Some(path.into());
        self
    }

    /// Adds an argument before the agent's name.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets an environment variable of the launcher.
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((key.into(), Some(value.into())));
        self
    }

    /// Removes an environment variable of the fleet.
    pub fn env_remove(mut self, key: impl Into<OsString>) -> Self {
        self.environment.push((key.into(), None));
        self
    }

    /// Sets the command that the agent runs (`MOSAIC_AGENT_COMMAND`).
    pub fn command(self, command: impl Into<OsString>) -> Self {
        self.env("MOSAIC_AGENT_COMMAND", command)
    }

    /// Sets the heartbeat interval in seconds (`MOSAIC_HEARTBEAT_INTERVAL`).
    pub fn interval(self, seconds: &str) -> Self {
        self.env("MOSAIC_HEARTBEAT_INTERVAL", seconds)
    }

    /// Adds `--foreground`, as the systemd unit does.
    pub fn foreground(self) -> Self {
        self.arg("--foreground")
    }

    /// Passes the agent's name in `MOSAIC_AGENT_NAME` instead of an argument.
    pub fn named_by_environment(mut self) -> Self {
        let agent = self.agent.take().expect("named_by_environment is called once");
        self.env("MOSAIC_AGENT_NAME", agent)
    }

    /// Returns the command that the other methods start.
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

    /// Starts the launcher with its output in pipes. The fleet kills it on drop.
    #[must_use]
    pub fn spawn(&self) -> Child {
        self.to_command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start the launcher")
    }

    /// Starts the launcher and collects its output in the background.
    #[must_use]
    pub fn begin(&self) -> Launched {
        Launched::new(self.spawn())
    }

    /// Runs the launcher and waits for its exit and the end of its output.
    #[must_use]
    pub fn output(&self) -> Output {
        self.begin().finish(Deadline::default())
    }

    /// Runs the launcher and returns its standard output; panics unless it exits with 0.
    #[allow(clippy::must_use_candidate, reason = "most callers only need it to succeed")]
    pub fn succeed(&self) -> String {
        let output = self.output();
        assert!(output.status.success(), "{:?}: {output:?}", self.to_command());
        String::from_utf8(output.stdout).expect("standard output is UTF-8")
    }
}

/// A running launcher whose output is collected in the background; see
/// [`Launch::begin`](crate::Launch::begin).
#[derive(Debug)]
pub struct Launched {
    child: Child,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

impl Launched {
    /// Collects the output of a child whose output is in pipes.
    pub(crate) fn new(mut child: Child) -> Self {
        let stdout = drain(child.stdout.take().expect("the output is piped"));
        let stderr = drain(child.stderr.take().expect("the output is piped"));
        Self { child, stdout, stderr }
    }

    /// The PID of the launcher, which with `--foreground` becomes the sidecar.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the launcher's exit and the end of its output; panics at the deadline.
    ///
    /// A sidecar that inherits the launcher's standard output would block every `$(start-agent-session …)`, so an
    /// output that stays open is a panic as well.
    #[must_use]
    pub fn finish(mut self, deadline: Deadline) -> Output {
        let receive = |from: &Receiver<Vec<u8>>, what: &str| {
            let received = from.recv_timeout(deadline.remaining());
            received.unwrap_or_else(|_| panic!("{what} of process {} is still open", self.child.id()))
        };
        let (stdout, stderr) = (receive(&self.stdout, "standard output"), receive(&self.stderr, "standard error"));
        if let Ok(watch) = ProcessWatch::new(self.child.id()) {
            watch.wait();
        }
        let status = self.child.wait().expect("the process has exited");
        Output { status, stdout, stderr }
    }
}

fn drain(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}
