use crate::{Binaries, Deadline, Fleet, ProcessWatch};
use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

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

/// A start of an agent that is under way, its output collected meanwhile; see
/// [`Launch::begin`](crate::Launch::begin).
#[derive(Debug)]
pub struct Launched {
    child: Child,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

impl Launched {
    /// Of a child whose output is in pipes.
    pub(crate) fn new(mut child: Child) -> Self {
        let stdout = drain(child.stdout.take().expect("piped"));
        let stderr = drain(child.stderr.take().expect("piped"));
        Self { child, stdout, stderr }
    }

    /// The process, which in the foreground becomes the sidecar.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end and the end of its output; panics at the deadline.
    ///
    /// A sidecar that kept the launcher's standard output would hang every `$(start-agent-session
    /// …)`, so that is a panic as well.
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
        let status = self.child.wait().expect("it has ended");
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
