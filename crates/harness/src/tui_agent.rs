use crate::fleet::give;
use crate::{Binaries, Deadline, Fleet, LogFile};
use std::path::PathBuf;
use std::process::Command;

/// An agent that is `test-tui`: a terminal program that takes messages, and notes what it was given.
#[derive(Debug)]
pub struct TuiAgent<'fleet> {
    fleet: &'fleet Fleet,
    name: String,
    log: LogFile,
}

/// It looks as pi does, with a frame that is as wide as the terminal.
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
    /// Its runtime's name.
    pub const RUNTIME: &'static str = "test-tui";

    /// One of a fleet's agents; nothing runs yet. How its runtime looks is written into the fleet's home.
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

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it runs, with these flags of `test-tui`: a copy that the fleet's owner may execute.
    #[must_use]
    pub fn command(&self, flags: &str) -> String {
        let program = self.fleet.root().join("test-tui");
        if !program.exists() {
            let copied = Command::new("cp").arg(Binaries::test_tui()).arg(&program).status();
            assert!(copied.expect("run cp").success(), "copy test-tui");
        }
        format!("exec {} {} {flags}", program.display(), self.path().display())
    }

    /// The messages that it was given so far.
    #[must_use]
    pub fn received(&self) -> Vec<String> {
        read(&self.log.lines())
    }

    /// Waits until it was given that many messages, and maybe more.
    #[must_use]
    pub fn wait_received(&self, count: usize) -> Vec<String> {
        read(&self.log.wait_lines(count))
    }

    /// Waits until its terminal shows this text.
    pub fn wait_screen(&self, text: &str) {
        let deadline = Deadline::default();
        loop {
            let output = self.fleet.tmux(&["capture-pane", "-p", "-t", &format!("={}:", self.name)]);
            let screen = String::from_utf8_lossy(&output.stdout).into_owned();
            if screen.contains(text) {
                return;
            }
            // tmux tells nobody what changes on a screen.
            assert!(!deadline.passed(), "never {text:?} on the screen of {}:\n{screen}", self.name);
        }
    }

    /// Waits until its process has ended. Not by what tmux writes into such a pane: now and then it misses
    /// that its child has ended, and never does (3.3).
    pub fn wait_dead(&self) {
        let deadline = Deadline::default();
        let target = format!("={}:", self.name);
        while self.fleet.tmux(&["display-message", "-p", "-t", &target, "#{pane_dead}"]).stdout != b"1\n" {
            assert!(!deadline.passed(), "{} lives", self.name);
        }
    }

    fn path(&self) -> PathBuf {
        self.fleet.root().join(format!("{}.received", self.name))
    }
}

/// Keys, which a dialog is told of, are objects; they are kept as they are.
fn read(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| line.clone())).collect()
}
