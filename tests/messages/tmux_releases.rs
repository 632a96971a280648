//! Screens and messages with the tmux of other Debian releases.

use mosaic_harness::{Binaries, Deadline, Fleet, TmuxRelease};
use mosaic_tmux::{InputOutcome, PaneId, Server};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

/// A fleet with the tmux of the host, and one with each other version.
fn fleets() -> impl Iterator<Item = Fleet> {
    let others = TmuxRelease::ALL.into_iter().filter_map(|release| Fleet::builder().tmux_or_skip(release));
    std::iter::once(Fleet::builder()).chain(others).map(mosaic_harness::FleetBuilder::build)
}

/// Opens a session of `coder0`, and returns its pane and the process in it.
fn open(fleet: &Fleet, command: &str) -> (PaneId, mosaic_domain::Pid) {
    let session = ["new-session", "-d", "-x", "80", "-y", "24", "-s", "coder0", "-P", "-F", "#{pane_id} #{pane_pid}"];
    let opened = fleet.tmux_server(&[&session[..], &[command]].concat());
    let printed = String::from_utf8_lossy(&opened.stdout).into_owned();
    let (pane, pid) = printed.trim().split_once(' ').unwrap_or_else(|| panic!("{opened:?}"));
    (pane.parse().unwrap(), pid.parse().unwrap())
}

/// The server of a fleet, for calls from this process, whose own environment is another one.
fn server(fleet: &Fleet) -> Server {
    let client: PathBuf = fleet.root().join("tmux-client");
    let of_fleet = |name: &str| format!("{name}='{}'", fleet.environment()[name]);
    let script = format!("#!/bin/sh\n{} {} exec tmux \"$@\"\n", of_fleet("PATH"), of_fleet("TMUX_TMPDIR"));
    fs::write(&client, script).unwrap();
    fs::set_permissions(&client, Permissions::from_mode(0o755)).unwrap();
    Server::new(client, fleet.tmux_socket().parse().unwrap())
}

fn mosaic(fleet: &Fleet, words: &[&str]) -> String {
    let output: Output = fleet.command(Binaries::mosaic()).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Deadline::default();
    while !is_so() {
        assert!(!deadline.passed(), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn tabs_are_columns_in_screens_and_in_prompts() {
    for fleet in fleets() {
        let roster = format!(
            "version: 1\ntransport: tmux\ntmux:\n  socket_name: {}\nagents:\n  - {{name: coder0, class: implementer, runtime: bash, command: bash}}\n",
            fleet.tmux_socket()
        );
        fs::create_dir_all(fleet.mosaic_home().join("fleet")).unwrap();
        fs::write(fleet.mosaic_home().join("fleet/roster.yaml"), roster).unwrap();
        open(&fleet, r"printf 'a\tb\tc\n'; PS1=$(printf 'me\tat$ ') exec bash --norc -i");
        wait_for("the prompt", || mosaic(&fleet, &["agent", "screen", "coder0"]).contains("at$"));
        let screen = mosaic(&fleet, &["agent", "screen", "coder0"]);
        assert_eq!(screen.lines().next(), Some("a       b       c"), "{screen}");
        mosaic(&fleet, &["agent", "send", "coder0", "--no-preamble", "-m", "echo $((6 * 7))"]);
        wait_for("the answer", || mosaic(&fleet, &["agent", "screen", "coder0"]).lines().any(|line| line == "42"));
    }
}

#[test]
fn a_paste_arrives_byte_by_byte() {
    for fleet in fleets() {
        let received = fleet.home().join("received");
        let (pane, pid) = open(&fleet, "stty raw -echo; echo ready; exec cat > $HOME/received");
        let server = server(&fleet);
        let input = server.pane_input(pane, 0);
        wait_for("the program", || {
            input.capture(Duration::ZERO).unwrap().is_some_and(|pane| pane.lines[0].contains("ready"))
        });
        let text = "plain\ttab \x1b[31mred\x1b[0m \x7f \x01 \u{e9}日\u{9b} \\033 #{pid} ;\n";
        let (outcome, _) = input.paste(pid, "mosaic-test", text, Duration::ZERO).unwrap();
        assert_eq!(outcome, InputOutcome::Typed);
        wait_for("the text", || fs::read(&received).is_ok_and(|bytes| bytes.len() >= text.len()));
        assert_eq!(String::from_utf8_lossy(&fs::read(&received).unwrap()), text);
        // The buffer is gone, and a process that is not there gets nothing.
        assert_eq!(fleet.tmux(&["list-buffers"]).stdout, b"");
        let other = mosaic_domain::Pid::new(pid.get() + 1).unwrap();
        let (outcome, _) = input.paste(other, "mosaic-test", text, Duration::ZERO).unwrap();
        assert_eq!(outcome, InputOutcome::Rejected);
        assert_eq!(fleet.tmux(&["list-buffers"]).stdout, b"");
    }
}

#[test]
fn the_wheel_of_a_mouse_enters_no_mode() {
    for fleet in fleets() {
        fleet.launch("coder0").command("exec sleep 1000").succeed();
        let mouse = fleet.tmux(&["show-options", "-A", "-v", "-t", "=coder0:", "mouse"]);
        assert_eq!(String::from_utf8_lossy(&mouse.stdout).trim(), "off");
    }
}
