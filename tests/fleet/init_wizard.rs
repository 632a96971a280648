//! `mosaic fleet init` on a terminal and in scripts, and the move of an unused run directory to a tmpfs.

use mosaic_harness::{Deadline, Fleet, UnitFleet};
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// A terminal that runs the wizard.
struct Wizard<'a> {
    fleet: &'a Fleet,
}

impl<'a> Wizard<'a> {
    fn start(fleet: &'a Fleet) -> Self {
        let program = fleet.install_programs().with_file_name("mosaic");
        let command = format!("{} fleet init; echo code:$?; exec sleep infinity", program.display());
        let made = fleet.tmux_server(&["new-session", "-d", "-x", "120", "-y", "80", "-s", "wizard", &command]);
        assert!(made.status.success(), "{made:?}");
        Self { fleet }
    }

    fn type_keys(&self, keys: &[&str]) {
        let words = [&["send-keys", "-t", "=wizard:"], keys].concat();
        assert!(self.fleet.tmux(&words).status.success());
    }

    /// Waits for a question and answers it.
    fn answer(&self, question: &str, keys: &[&str]) {
        self.wait(question);
        self.type_keys(keys);
    }

    /// Waits for a text on the terminal and returns the whole screen.
    fn wait(&self, text: &str) -> String {
        let deadline = Deadline::default();
        loop {
            let output = self.fleet.tmux(&["capture-pane", "-p", "-t", "=wizard:"]);
            let screen = String::from_utf8(output.stdout).unwrap();
            if screen.contains(text) {
                return screen;
            }
            assert!(!deadline.passed(), "no {text:?} in:\n{screen}");
            // tmux has no event for changes of a screen.
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn end(self) {
        assert!(self.fleet.tmux(&["kill-session", "-t", "=wizard:"]).status.success());
    }
}

fn roster(fleet: &Fleet) -> PathBuf {
    fleet.mosaic_home().join("fleet/roster.yaml")
}

#[test]
fn the_wizard_writes_the_answers_and_offers_them_as_defaults_later() {
    let fleet = Fleet::new();
    fleet.install_script(&fleet.home().join(".local/bin/codex"), "#!/bin/sh\n");
    let wizard = Wizard::start(&fleet);
    wizard.answer("> coding", &["Enter"]);
    // The only installed runtime.
    wizard.answer("> codex", &["Enter"]);
    wizard.answer("Working directory of the agents [~]:", &["src", "Enter"]);
    wizard.answer("is a relative path", &["~/src", "Enter"]);
    wizard.answer("tmux socket [mosaic-factory]:", &["../x", "Enter"]);
    wizard.answer("is not a tmux socket name", &["mine", "Enter"]);
    wizard.answer("connected to", &["matrix #fleet", "Enter"]);
    wizard.answer("[Y/n]", &["y", "Enter"]);
    let screen = wizard.wait("code:0");
    assert!(screen.contains("next: mosaic fleet install"), "{screen}");
    wizard.end();
    let first = fs::read_to_string(roster(&fleet)).unwrap();
    for line in ["runtime: codex", "working_directory: \"~/src\"", "socket_name: mine", "# Connector: matrix #fleet"] {
        assert!(first.contains(line), "{line}\n{first}");
    }

    let wizard = Wizard::start(&fleet);
    wizard.answer("> the 5 agents of the existing roster", &["Enter"]);
    wizard.answer("> codex", &["Enter"]);
    wizard.answer("Working directory of the agents [~/src]:", &["Enter"]);
    wizard.answer("tmux socket [mine]:", &["other", "Enter"]);
    wizard.answer("matrix #fleet", &["Enter"]);
    let screen = wizard.wait("[Y/n]");
    let changed = |line: &&str| line.starts_with(['-', '+']) && !line.starts_with("---") && !line.starts_with("+++");
    assert_eq!(screen.lines().filter(changed).count(), 2, "{screen}");
    wizard.type_keys(&["y", "Enter"]);
    wizard.wait("code:0");
    wizard.end();
    assert_eq!(fs::read_to_string(roster(&fleet)).unwrap(), first.replace("socket_name: mine", "socket_name: other"));
}

#[test]
fn ctrl_c_at_any_question_writes_nothing() {
    let questions: [(&str, &[&str]); 5] = [
        ("Kind of fleet", &["Enter"]),
        ("Runtime of agents", &["Enter"]),
        ("Working directory", &["Enter"]),
        ("tmux socket", &["Enter"]),
        ("connected to", &["Enter"]),
    ];
    for stopped_at in 0..=questions.len() {
        let fleet = Fleet::new();
        let wizard = Wizard::start(&fleet);
        for (question, keys) in &questions[..stopped_at] {
            wizard.answer(question, keys);
        }
        wizard.answer(questions.get(stopped_at).map_or("[Y/n]", |(question, _)| question), &["C-c"]);
        let screen = wizard.wait("code:1");
        assert!(screen.contains("nothing was written"), "{screen}");
        wizard.end();
        assert_eq!(fs::read_dir(fleet.mosaic_home()).unwrap().count(), 0, "{stopped_at}");
    }
}

#[test]
fn init_in_a_script_keeps_the_roster_that_it_replaces() {
    let fleet = Fleet::new();
    let mosaic = fleet.install_programs().with_file_name("mosaic");
    let init = |words: &[&str]| fleet.command(&mosaic).args(["fleet", "init"]).args(words).output().unwrap();
    assert_eq!(init(&[]).status.code(), Some(64));
    assert_eq!(init(&["--profile", "codding"]).status.code(), Some(64));
    let shown = init(&["--profile", "coding"]);
    assert!(shown.status.success() && !roster(&fleet).exists());
    assert!(init(&["--profile", "coding", "--write"]).status.success());
    assert_eq!(fs::read(roster(&fleet)).unwrap(), shown.stdout);
    let mine = fs::read_to_string(roster(&fleet)).unwrap() + "# mine\n";
    fs::write(roster(&fleet), &mine).unwrap();
    assert!(init(&["--profile", "coding", "--write"]).status.success());
    assert_eq!(fs::read(roster(&fleet)).unwrap(), shown.stdout);
    // The option of earlier versions.
    assert!(init(&["--profile", "coding", "--write", "--force"]).status.success());
    let entries = fs::read_dir(roster(&fleet).parent().unwrap()).unwrap().flatten();
    let kept = entries.map(|entry| entry.path()).find(|path| path.to_str().unwrap().contains("roster.yaml.bak-"));
    assert_eq!(fs::read_to_string(kept.unwrap()).unwrap(), mine);
}

#[test]
fn the_run_directory_moves_to_a_tmpfs_when_its_agents_are_stopped() {
    let Some(fleet) = UnitFleet::start_or_skip() else { return };
    let roster = "version: 1\ntransport: tmux\nagents:\n  - name: coder0\n    class: implementer\n";
    fs::create_dir_all(fleet.fleet().mosaic_home().join("fleet")).unwrap();
    fs::write(self::roster(fleet.fleet()), roster).unwrap();
    fleet.start("coder0");
    let installed = fleet.fleet().mosaic_home().join("tools/fleet/mosaic");
    let install = || {
        let output = fleet.manager().command(&installed).args(["fleet", "install"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let run = fleet.fleet().mosaic_home().join("fleet/run");
    let stdout = install();
    assert!(stdout.contains("is in use (coder0)"), "{stdout}");
    assert!(!run.is_symlink());
    fleet.manager().systemctl_ok(&["stop", &UnitFleet::unit("coder0")]);
    install();
    let place = fleet.fleet().runtime_directory().join("mosaic-fleet/run");
    assert_eq!(fs::read_link(&run).unwrap(), place);
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["status"], "stopped");
    fleet.manager().systemctl_ok(&["start", &UnitFleet::unit("coder0")]);
    let beat = fleet.fleet().heartbeat("coder0").unwrap();
    assert_eq!((beat["status"].as_str(), beat["gen"].as_str()), ("ok", "2"));
    assert!(install().starts_with("nothing to do"));
    // A boot empties the tmpfs.
    fleet.manager().kill_and_restart_manager();
    fleet.wait_state("coder0", "active");
    assert_eq!(fleet.fleet().heartbeat("coder0").unwrap()["gen"], "1");
}
