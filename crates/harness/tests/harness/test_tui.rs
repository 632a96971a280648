//! The test program that stands for the agents' own does as they do.

use mosaic_harness::{Binaries, Deadline, Fleet, LogFile};
use std::path::PathBuf;

/// The program in a terminal of 40 columns and 16 rows.
struct Program {
    fleet: Fleet,
    log: LogFile,
}

impl Program {
    fn start(flags: &str) -> Self {
        let fleet = Fleet::new();
        let path = fleet.root().join("log");
        let log = LogFile::new(path.clone());
        drop(log.create());
        let command = format!("exec '{}' {} {flags}", Binaries::test_tui().display(), path.display());
        let command = command.replace("FILE", &Self::file(&fleet).display().to_string());
        let started = fleet.tmux_server(&["new-session", "-d", "-x", "40", "-y", "16", "-s", "tui", &command]);
        assert!(started.status.success(), "{started:?}");
        Self { fleet, log }
    }

    /// What its flags may wait for.
    fn file(fleet: &Fleet) -> PathBuf {
        fleet.root().join("file")
    }

    fn release(&self) {
        std::fs::write(Self::file(&self.fleet), "").unwrap();
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = self.fleet.tmux(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys", "-t", "=tui:"], keys].concat());
    }

    fn paste(&self, text: &str) {
        self.tmux(&["set-buffer", "-b", "x", text]);
        self.tmux(&["paste-buffer", "-p", "-r", "-b", "x", "-t", "=tui:"]);
    }

    fn wait_dead(&self) {
        let deadline = Deadline::default();
        while self.tmux(&["display-message", "-p", "-t", "=tui:", "#{pane_dead}"]).trim() != "1" {
            assert!(!deadline.passed(), "it lives");
        }
    }

    fn wait_screen(&self, what: &str) -> String {
        let deadline = Deadline::default();
        loop {
            let screen = self.tmux(&["capture-pane", "-p", "-t", "=tui:"]);
            if screen.contains(what) {
                return screen;
            }
            assert!(!deadline.passed(), "never {what:?} on the screen:\n{screen}");
        }
    }

    fn wait_log(&self, lines: &[&str]) {
        assert_eq!(self.log.wait_lines(lines.len()), lines);
    }
}

fn border() -> String {
    "─".repeat(40)
}

#[test]
fn a_message_is_edited_submitted_and_remains_to_be_seen() {
    let program = Program::start("--draft 'a draft'");
    program.wait_screen(&format!("{0}\na draft\n{0}\n test-tui", border()));
    program.keys(&["C-c"]);
    program.paste("one\ntwo");
    program.keys(&["x", "BSpace", "!", "Enter"]);
    program.wait_log(&[r#""one\ntwo!""#]);
    program.wait_screen(&format!(" one\n two!\n{0}\n\n{0}\n test-tui", border()));
    program.keys(&["Enter", "é", "Enter"]);
    program.wait_log(&[r#""one\ntwo!""#, "\"é\""]);
}

#[test]
fn a_large_paste_is_a_marker_until_it_is_submitted() {
    let program = Program::start("");
    program.wait_screen("test-tui");
    let text = "line\n".repeat(30);
    program.paste(&text);
    program.wait_screen("\n[paste #1 +31 lines]\n");
    program.keys(&["Enter"]);
    program.wait_log(&[&serde_json::to_string(&text).unwrap()]);
}

#[test]
fn without_bracketed_paste_a_carriage_return_submits() {
    let program = Program::start("--no-bracketed-paste");
    program.wait_screen("test-tui");
    program.paste("one\ntwo\rthree");
    program.wait_log(&[r#""one\ntwo""#]);
    program.wait_screen(&format!("{0}\nthree\n{0}", border()));
}

#[test]
fn the_first_enter_of_each_message_may_be_lost() {
    let program = Program::start("--swallow-first-enter");
    program.wait_screen("test-tui");
    program.keys(&["a", "Enter", "b", "Enter", "c", "Enter", "Enter"]);
    program.wait_log(&["\"ab\"", "\"c\""]);
}

#[test]
fn messages_wait_while_it_is_busy() {
    let program = Program::start("--spinner --queue-while-busy --busy-until FILE");
    program.wait_screen("Working...");
    program.paste("a long message that does not fit into one line\nof the screen");
    program.keys(&["Enter"]);
    let screen = program.wait_screen("Steering");
    assert!(screen.contains(" Steering: a long message that does n...\n"), "{screen}");
    assert_eq!(program.log.lines(), [""; 0]);
    program.release();
    program.wait_log(&[r#""a long message that does not fit into one line\nof the screen""#]);
    program.wait_screen(" a long message that does not fit into\n one line\n of the screen\n");
}

#[test]
fn a_dialog_takes_keys_and_no_message() {
    let program = Program::start("--dialog-until FILE --draft mine");
    let screen = program.wait_screen(" Do you want to proceed?\n ❯ 1. Yes\n   2. No\n");
    assert!(!screen.contains("mine"), "{screen}");
    program.keys(&["1", "Enter", "Escape"]);
    let asked = [r#"{"key":"1"}"#, r#"{"key":"enter"}"#, r#"{"key":"escape"}"#];
    program.wait_log(&asked);
    program.paste("text");
    program.wait_log(&[&asked[..], &[r#"{"key":"paste","text":"text"}"#]].concat());
    program.release();
    program.wait_screen(&format!("{0}\nmine\n{0}", border()));
}

#[test]
fn what_is_typed_early_is_in_the_composer_later() {
    let program = Program::start("--no-composer-until FILE");
    assert_eq!(program.wait_screen("loading").trim_end(), " loading…");
    program.keys(&["early"]);
    program.release();
    program.wait_screen(&format!("{0}\nearly\n{0}", border()));
}

#[test]
fn what_it_draws_follows_the_size_of_the_terminal() {
    let program = Program::start("");
    program.wait_screen("test-tui");
    program.keys(&["said", "Enter", "unsaid"]);
    program.wait_screen("unsaid");
    program.tmux(&["resize-window", "-t", "=tui:", "-x", "20", "-y", "10"]);
    let border = "─".repeat(20);
    let screen = program.wait_screen(&format!("\n{border}\n test-tui"));
    assert_eq!(screen.trim_end(), format!(" said\n{border}\nunsaid\n{border}\n test-tui"));
}

#[test]
fn it_ends_by_control_d_when_nothing_is_written() {
    let program = Program::start("");
    program.tmux(&["set-option", "-g", "remain-on-exit", "on"]);
    program.wait_screen("test-tui");
    program.keys(&["x", "C-d", "BSpace", "C-d"]);
    program.wait_dead();
    program.wait_log(&[]);
}

#[test]
fn lines_are_read_as_an_interpreter_does() {
    let program = Program::start("--line");
    program.wait_screen(">");
    program.paste("one\ntwo\n");
    program.wait_log(&["\"one\"", "\"two\""]);
}
