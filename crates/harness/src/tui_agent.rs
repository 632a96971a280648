use crate::fleet::give;
use crate::{Binaries, Deadline, Fleet, LogFile};
use std::path::PathBuf;
use std::process::Command;

/// An agent that runs `test-tui`, a terminal program that logs the messages that it receives.
#[derive(Debug)]
pub struct TuiAgent<'fleet> {
    fleet: &'fleet Fleet,
    name: String,
    log: LogFile,
}

/// The runtime profile of `test-tui`, which draws its composer like pi: between two lines of the terminal's width.
const PROFILE: &str = "\
version: 1
programs: [test-tui]
composer: {kind: box, above: '^─{10,}$', first: '^(.*)$', below: '^─{10,}$'}
pasted: '^\\[paste #\\d+ (?:\\+(?<lines>\\d+) lines|(?<chars>\\d+) chars)\\]$'
queued: '^ Steering: (?<text>.*?)(?:\\.\\.\\.)?$'
busy: '^ [⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Working'
dialogs: [{name: question, line: '^ Do you want to proceed'}]
reads_files: true
";

impl<'fleet> TuiAgent<'fleet> {
    /// The name of the runtime.
    pub const RUNTIME: &'static str = "test-tui";

    /// Prepares an agent of a fleet and writes the runtime profile into the fleet's home. No process is started.
    #[must_use]
    pub fn new(fleet: &'fleet Fleet, name: &str) -> Self {
        let profiles = fleet.mosaic_home().join("fleet/runtimes");
        std::fs::create_dir_all(&profiles).expect("make the directory of profiles");
        std::fs::write(profiles.join(format!("{}.yaml", Self::RUNTIME)), PROFILE).expect("write a profile");
        give(fleet.home(), fleet.owner());
        let path = fleet.root().join(format!("{name}.received"));
        let log = LogFile::new(path.clone());
        drop(log.create());
        give(&path, fleet.owner());
        Self { fleet, name: name.to_owned(), log }
    }

    /// The agent's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the command of the agent with these flags of `test-tui`. It runs a copy that the fleet's owner can
    /// execute.
    #[must_use]
    pub fn command(&self, flags: &str) -> String {
        let program = self.fleet.root().join("test-tui");
        if !program.exists() {
            let copied = Command::new("cp").arg(Binaries::test_tui()).arg(&program).status();
            assert!(copied.expect("run cp").success(), "copy test-tui");
        }
        format!("exec {} {} {flags}", program.display(), self.path().display())
    }

    /// The messages received so far.
    #[must_use]
    pub fn received(&self) -> Vec<String> {
        decode(&self.log.lines())
    }

    /// Waits until at least `count` messages have been received, and returns all of them.
    #[must_use]
    pub fn wait_received(&self, count: usize) -> Vec<String> {
        decode(&self.log.wait_lines(count))
    }

    /// Waits until the pane shows this text.
    pub fn wait_screen(&self, text: &str) {
        let deadline = Deadline::default();
        loop {
            let output = self.fleet.tmux(&["capture-pane", "-p", "-t", &format!("={}:", self.name)]);
            let screen = String::from_utf8_lossy(&output.stdout).into_owned();
            if screen.contains(text) {
                return;
            }
            // tmux has no event for a change of the screen, so this polls.
            assert!(!deadline.passed(), "{text:?} does not appear on the screen of {}:\n{screen}", self.name);
        }
    }

    /// Waits until the process in the pane has ended. This reads `pane_dead`, since tmux 3.3 sometimes misses the end
    /// and never prints its message into the pane.
    pub fn wait_dead(&self) {
        let deadline = Deadline::default();
        let target = format!("={}:", self.name);
        while self.fleet.tmux(&["display-message", "-p", "-t", &target, "#{pane_dead}"]).stdout != b"1\n" {
            assert!(!deadline.passed(), "the process of {} is still alive", self.name);
        }
    }

    fn path(&self) -> PathBuf {
        self.fleet.root().join(format!("{}.received", self.name))
    }
}

/// Decodes messages from JSON strings. Log entries of keys are objects and are returned unchanged.
fn decode(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| line.clone())).collect()
}
