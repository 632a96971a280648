//! A fleet without a user manager whose agents run a script as `pi`, installed in npm's layout.

use mosaic_harness::{Binaries, Deadline, Fleet, ProcessWatch, ShippedSchema};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

pub(crate) struct UpdateFleet {
    pub(crate) fleet: Fleet,
}

impl UpdateFleet {
    /// Agents that run version 1.0 and report that they are idle. An update installs 2.0.
    pub(crate) fn started(agents: &[&str]) -> Self {
        let stage = Self::with_lines(&agents.iter().map(|agent| (*agent, "exec pi")).collect::<Vec<_>>());
        stage.ok(&["start"]);
        for agent in agents {
            stage.report(agent, "idle");
        }
        stage
    }

    /// Agents with these command lines, not yet started.
    pub(crate) fn with_lines(agents: &[(&str, &str)]) -> Self {
        let stage = Self { fleet: Fleet::new() };
        let entry = |(name, line): &(&str, &str)| {
            format!("  - {{ name: {name}, runtime: pi, class: implementer, command: \"{line}\" }}\n")
        };
        let entries: String = agents.iter().map(entry).collect();
        let socket = stage.fleet.tmux_socket();
        let roster = format!("version: 1\ntransport: tmux\ntmux:\n  socket_name: {socket}\nagents:\n{entries}");
        let directory = stage.fleet.mosaic_home().join("fleet");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("roster.yaml"), roster).unwrap();
        stage.install("1.0", &stage.agent());
        let link = stage.fleet.home().join(".npm-global/bin/pi");
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(stage.file(), link).unwrap();
        stage.offer("2.0", &stage.agent());
        stage
    }

    fn file(&self) -> PathBuf {
        self.fleet.home().join(".npm-global/lib/node_modules/@mariozechner/pi-coding-agent/dist/cli.js")
    }

    /// A working program: it records its start time and keeps running.
    pub(crate) fn agent(&self) -> String {
        let command = self.fleet.agent_command("$MOSAIC_AGENT_NAME");
        format!("date +%s.%N >>\"$HOME/$MOSAIC_AGENT_NAME.started\"; {command}")
    }

    /// Installs a version in place, as npm does.
    pub(crate) fn install(&self, version: &str, agent: &str) {
        self.fleet.install_script(&self.file(), &program(version, agent));
    }

    /// Makes the updater install this version.
    pub(crate) fn offer(&self, version: &str, agent: &str) {
        self.fleet.install_script(&self.fleet.home().join("newer"), &program(version, agent));
        self.set_updater(&format!("install -m 755 \"$HOME/newer\" '{}'", self.file().display()));
    }

    /// Sets the script that the updater runs.
    pub(crate) fn set_updater(&self, script: &str) {
        let script = format!("#!/bin/sh\necho \"$*\" >>\"$HOME/updates\"\n{script}\n");
        self.fleet.install_script(&self.fleet.home().join("updater"), &script);
    }

    /// The arguments of each run of the updater.
    pub(crate) fn updates(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.fleet.home().join("updates")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Reports an agent's activity.
    pub(crate) fn report(&self, agent: &str, activity: &str) {
        let text = format!("ts={}\nactivity={activity}\n", jiff::Timestamp::now());
        std::fs::write(self.fleet.run_directory().join(format!("{agent}.state")), text).unwrap();
    }

    /// The start times of the agent's processes, in seconds.
    pub(crate) fn starts(&self, agent: &str) -> Vec<f64> {
        let text = std::fs::read_to_string(self.fleet.home().join(format!("{agent}.started"))).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    pub(crate) fn mosaic(&self, words: &[&str]) -> Command {
        let mut command = self.fleet.command(Binaries::mosaic());
        command.arg("fleet").args(words);
        command
    }

    pub(crate) fn update(&self, words: &[&str]) -> Output {
        self.mosaic(&[&["update"], words].concat()).output().unwrap()
    }

    /// Starts an update in the background, in a process group of its own as a shell does.
    pub(crate) fn begin(&self, words: &[&str]) -> RunningUpdate {
        let mut command = self.mosaic(&[&["update"], words].concat());
        RunningUpdate::new(command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// The exit code and the JSON output.
    pub(crate) fn json(&self, words: &[&str]) -> (Option<i32>, Value) {
        let output = self.update(&[words, &["--json"]].concat());
        assert!(!output.stdout.is_empty(), "{output:?}");
        (output.status.code(), ShippedSchema::Update.read(&output.stdout))
    }

    pub(crate) fn ok(&self, words: &[&str]) -> String {
        let output = self.mosaic(words).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until a file exists in the home.
    pub(crate) fn wait_file(&self, name: &str) {
        let (deadline, path) = (Deadline::default(), self.fleet.home().join(name));
        while !path.exists() {
            assert!(!deadline.passed(), "{name} does not appear");
            thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// The command that installs version 1.0 again.
    pub(crate) fn downgrade_command(&self) -> String {
        let prefix = self.fleet.home().join(".npm-global");
        format!("npm install -g --prefix {} @mariozechner/pi-coding-agent@1.0", prefix.display())
    }
}

fn program(version: &str, agent: &str) -> String {
    format!(
        "#!/bin/sh\ncase $1 in\n--version) echo {version} >&2 ;;\nupdate) exec \"$HOME/updater\" \"$@\" ;;\n*) {agent} ;;\nesac\n"
    )
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The names and outcomes of the agents in a JSON output.
pub(crate) fn outcomes(answer: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let agents = answer["agents"].as_array().unwrap().iter();
    agents.map(|agent| (text(&agent["name"]), text(&agent["outcome"]))).collect()
}

/// The expected names and outcomes.
pub(crate) fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, outcome)| ((*name).to_owned(), (*outcome).to_owned())).collect()
}

/// An update in progress; its standard error can be read line by line.
#[derive(Debug)]
pub(crate) struct RunningUpdate {
    child: Child,
    errors: Receiver<String>,
    lines: Vec<String>,
}

impl RunningUpdate {
    pub(crate) fn new(mut child: Child) -> Self {
        let stderr = child.stderr.take().unwrap();
        let (sender, errors) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, errors, lines: Vec::new() }
    }

    /// Waits for a line with this text on standard error.
    pub(crate) fn wait_stderr(&mut self, text: &str) {
        while !self.lines.last().is_some_and(|line| line.contains(text)) {
            let line = self.errors.recv_timeout(Deadline::after(Deadline::DEFAULT * 4).remaining());
            self.lines.push(line.unwrap_or_else(|error| panic!("{text:?} is not printed: {error}: {:#?}", self.lines)));
        }
    }

    /// Sends SIGINT to the process group, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        let group = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        rustix::process::kill_process_group(group, rustix::process::Signal::INT).unwrap();
    }

    /// Sends SIGKILL.
    pub(crate) fn kill(mut self) {
        ProcessWatch::new(self.child.id()).unwrap().signal(9);
        self.child.wait().unwrap();
    }

    /// Waits for the end; returns exit status, standard output and standard error.
    pub(crate) fn end(mut self) -> (ExitStatus, String, String) {
        let stdout = std::io::read_to_string(self.child.stdout.take().unwrap()).unwrap();
        let status = self.child.wait().unwrap();
        self.lines.extend(self.errors.iter());
        (status, stdout, self.lines.join("\n"))
    }
}
