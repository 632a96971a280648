//! `test-tui` imitates the user interface of agent programs.

use mosaic_harness::{Binaries, Deadline, Fleet, LogFile};
use std::path::PathBuf;

/// `test-tui` in a terminal of 40 columns and 16 rows.
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

    /// The file that replaces `FILE` in the flags.
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
            assert!(!deadline.passed(), "the program is still running");
        }
    }

    fn wait_screen(&self, what: &str) -> String {
        let deadline = Deadline::default();
        loop {
            let screen = self.tmux(&["capture-pane", "-p", "-t", "=tui:"]);
            if screen.contains(what) {
                return screen;
            }
            assert!(!deadline.passed(), "{what:?} does not appear on the screen:\n{screen}");
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
fn a_submitted_message_is_logged_and_stays_on_the_screen() {
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
fn a_large_paste_is_shown_as_a_marker() {
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
fn it_can_ignore_the_first_enter_of_each_message() {
    let program = Program::start("--swallow-first-enter");
    program.wait_screen("test-tui");
    program.keys(&["a", "Enter", "b", "Enter", "c", "Enter", "Enter"]);
    program.wait_log(&["\"ab\"", "\"c\""]);
}

#[test]
fn messages_are_queued_while_it_is_busy() {
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
fn a_dialog_receives_keys_instead_of_the_composer() {
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
fn keys_typed_while_loading_reach_the_composer() {
    let program = Program::start("--no-composer-until FILE");
    assert_eq!(program.wait_screen("loading").trim_end(), " loading…");
    program.keys(&["early"]);
    program.release();
    program.wait_screen(&format!("{0}\nearly\n{0}", border()));
}

#[test]
fn it_redraws_after_a_resize() {
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
fn control_d_ends_it_if_the_composer_is_empty() {
    let program = Program::start("");
    program.tmux(&["set-option", "-g", "remain-on-exit", "on"]);
    program.wait_screen("test-tui");
    program.keys(&["x", "C-d", "BSpace", "C-d"]);
    program.wait_dead();
    program.wait_log(&[]);
}

#[test]
fn line_mode_logs_each_line() {
    let program = Program::start("--line");
    program.wait_screen(">");
    program.paste("one\ntwo\n");
    program.wait_log(&["\"one\"", "\"two\""]);
}
