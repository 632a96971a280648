//! `mosaic agent tail`, `watch` and `attach`.

use mosaic_harness::{Binaries, Deadline, Fleet, PaneProcess, ProcessWatch, StoppedProcess};
use std::io::{BufRead, BufReader, Lines};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// A fleet with one running agent.
fn fleet() -> (Fleet, PaneProcess) {
    let fleet = Fleet::new();
    let directory = fleet.mosaic_home().join("fleet");
    std::fs::create_dir_all(&directory).unwrap();
    let roster = format!(
        "version: 1\ntransport: tmux\ntmux:\n  socket_name: {}\nagents:\n  - name: coder0\n    runtime: pi\n    class: implementer\n",
        fleet.tmux_socket()
    );
    std::fs::write(directory.join("roster.yaml"), roster).unwrap();
    fleet.launch("coder0").command(fleet.agent_command("coder0")).succeed();
    let pane = fleet.pane("coder0");
    (fleet, pane)
}

fn agent(fleet: &Fleet, words: &[&str]) -> Command {
    let mut command = fleet.command(Binaries::mosaic());
    command.arg("agent").args(words);
    command
}

fn output(fleet: &Fleet, words: &[&str]) -> Output {
    agent(fleet, words).output().unwrap()
}

/// A follower that has printed the present screen.
fn follow(fleet: &Fleet, pane: &PaneProcess) -> (Child, Lines<BufReader<ChildStdout>>) {
    pane.print("before\r\n");
    let mut child = agent(fleet, &["tail", "coder0", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "before"));
    (child, lines)
}

fn clients(fleet: &Fleet) -> Vec<ProcessWatch> {
    let listed = fleet.tmux(&["list-clients", "-F", "#{client_pid}"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed.lines().map(|pid| ProcessWatch::new(pid.parse().unwrap()).unwrap()).collect()
}

#[test]
fn tail_prints_the_last_lines() {
    let (fleet, pane) = fleet();
    pane.print((0..50).map(|number| format!("line {number}\r\n")).collect::<Vec<_>>().concat());
    let shown = output(&fleet, &["tail", "coder0", "-n", "3"]);
    assert_eq!(String::from_utf8(shown.stdout).unwrap(), "line 47\nline 48\nline 49\n");
}

#[test]
fn follow_prints_every_line_once_and_in_order() {
    let (fleet, pane) = fleet();
    let (mut child, lines) = follow(&fleet, &pane);
    let printed: Vec<String> = (0..5000).map(|number| format!("line {number}")).collect();
    for chunk in printed.chunks(500) {
        pane.print(chunk.iter().map(|line| format!("{line}\r\n")).collect::<Vec<_>>().concat());
    }
    let seen: Vec<String> = lines.take(printed.len()).map(Result::unwrap).collect();
    assert_eq!(seen, printed);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_follower_leaves_no_client_behind() {
    let (fleet, pane) = fleet();
    for _ in 0..2 {
        let (mut child, mut lines) = follow(&fleet, &pane);
        let clients = clients(&fleet);
        assert_eq!(clients.len(), 1);
        // More than all pipes hold, and the test does not read on: tmux has data left to write.
        pane.print("noise\r\n".repeat(50_000));
        assert_eq!(lines.next().unwrap().unwrap(), "noise");
        child.kill().unwrap();
        child.wait().unwrap();
        clients[0].wait();
    }
    assert!(!pane.process().is_dead());
}

#[test]
fn a_follower_that_does_not_read_does_not_block_the_agent() {
    let (fleet, pane) = fleet();
    let (mut child, mut lines) = follow(&fleet, &pane);
    // More than all pipes hold, and the test does not read on. `print` returns when the agent has printed all of it.
    pane.print("noise\r\n".repeat(100_000));
    assert!(lines.any(|line| line.unwrap() == "noise"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn follow_ends_with_the_session() {
    let (fleet, pane) = fleet();
    let (mut child, lines) = follow(&fleet, &pane);
    assert!(fleet.tmux(&["kill-session", "-t", "=coder0:"]).status.success());
    drop(lines);
    assert!(child.wait().unwrap().success());
}

/// A terminal: a pane of a second tmux server in the fleet.
fn terminal(fleet: &Fleet, arguments: &[&str]) -> Output {
    fleet.command("tmux").args(["-u", "-L", "terminal", "-f", "/dev/null"]).args(arguments).output().unwrap()
}

/// Polls until a condition holds.
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Deadline::after(Deadline::DEFAULT);
    while !holds() {
        assert!(!deadline.passed(), "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn watch_neither_resizes_nor_types_and_ends_on_ctrl_c() {
    let (fleet, _pane) = fleet();
    let size = || fleet.tmux(&["display-message", "-p", "-t", "=coder0:", "#{window_width}x#{window_height}"]).stdout;
    let (before, small) = (size(), ["-x", "40", "-y", "10"]);
    let program = Binaries::mosaic();
    // A surplus Ctrl-C must not end the shell.
    let line = format!(
        "trap '' INT; {} agent watch coder0; tmux -L terminal wait-for -S left; exec sleep 1000",
        program.display()
    );
    assert!(terminal(&fleet, &[&["new-session", "-d"][..], &small, &[&line]].concat()).status.success());
    let attached = || String::from_utf8(fleet.tmux(&["list-clients", "-F", "#{client_width}"]).stdout).unwrap();
    wait_until("the watcher is attached", || attached().lines().any(|width| width == "40"));
    assert_eq!(size(), before);
    let clients = clients(&fleet);
    wait_until("Ctrl-C leaves", || {
        assert!(terminal(&fleet, &["send-keys", "x", "C-c"]).status.success());
        attached().is_empty()
    });
    assert!(terminal(&fleet, &["wait-for", "left"]).status.success());
    clients.iter().for_each(ProcessWatch::wait);
    assert_eq!(size(), before);
    let screen = fleet.tmux(&["capture-pane", "-p", "-t", "=coder0:"]).stdout;
    assert!(!String::from_utf8_lossy(&screen).contains('x'), "typed keys must not arrive");
    assert!(terminal(&fleet, &["kill-server"]).status.success());
}

#[test]
fn logs_follow_an_agent_across_restarts_until_ctrl_c() {
    let (fleet, pane) = fleet();
    pane.print("first\r\n");
    // The shell outlives the Ctrl-C that ends its child, and ignores a surplus one.
    let line = format!(
        "trap : INT; {} agent logs coder0 -f; trap '' INT; echo the follower has left; exec sleep 1000",
        Binaries::mosaic().display()
    );
    assert!(terminal(&fleet, &["new-session", "-d", "-x", "120", "-y", "24", &line]).status.success());
    let screen = || String::from_utf8(terminal(&fleet, &["capture-pane", "-p"]).stdout).unwrap();
    let shows = |text: &str| wait_until(text, || screen().contains(text));
    shows("first");
    pane.print("second\r\n");
    shows("second");
    assert!(fleet.tmux(&["kill-session", "-t", "=coder0:"]).status.success());
    shows("coder0 was lost");
    fleet.launch("coder0").command(fleet.agent_command("coder0")).succeed();
    fleet.pane("coder0").print("third\r\n");
    shows("third");
    wait_until("Ctrl-C ends the follower", || {
        assert!(terminal(&fleet, &["send-keys", "C-c"]).status.success());
        screen().contains("the follower has left")
    });
    assert!(terminal(&fleet, &["kill-server"]).status.success());
}

#[test]
fn missing_sessions_and_unknown_agents_have_different_errors() {
    let (fleet, _pane) = fleet();
    let unknown = output(&fleet, &["tail", "codr0"]);
    assert_eq!(unknown.status.code(), Some(64));
    assert!(String::from_utf8(unknown.stderr).unwrap().contains("did you mean coder0?"));
    assert!(fleet.tmux(&["kill-session", "-t", "=coder0:"]).status.success());
    for command in ["tail", "tail --follow"] {
        let words: Vec<&str> = command.split(' ').chain(["coder0"]).collect();
        let missing = output(&fleet, &words);
        assert_eq!(missing.status.code(), Some(69), "{missing:?}");
        assert!(String::from_utf8(missing.stderr).unwrap().contains("mosaic fleet start coder0"));
    }
}

#[test]
fn watch_and_attach_need_a_terminal() {
    let (fleet, _pane) = fleet();
    for command in ["watch", "attach"] {
        let refused = output(&fleet, &[command, "coder0"]);
        assert_eq!(refused.status.code(), Some(64));
        assert!(String::from_utf8(refused.stderr).unwrap().contains("mosaic agent tail coder0"));
    }
}

#[test]
fn watch_ends_on_ctrl_c_even_if_the_server_hangs() {
    let (fleet, _pane) = fleet();
    let server = fleet.tmux(&["display-message", "-p", "#{pid}"]).stdout;
    let server = ProcessWatch::new(String::from_utf8(server).unwrap().trim().parse().unwrap()).unwrap();
    let program = Binaries::mosaic();
    let line =
        format!("trap '' INT; {} agent watch coder0; echo left=$?=; stty -a; exec sleep 1000", program.display());
    assert!(terminal(&fleet, &["new-session", "-d", "-x", "100", "-y", "40", &line]).status.success());
    wait_until("the watcher is attached", || clients(&fleet).len() == 2);
    let _frozen = StoppedProcess::new(server);
    wait_until("Ctrl-C leaves, and the terminal is as before", || {
        let screen = String::from_utf8(terminal(&fleet, &["capture-pane", "-p"]).stdout).unwrap();
        assert!(terminal(&fleet, &["send-keys", "C-c"]).status.success());
        screen.contains("left=0=") && screen.contains(" icanon ") && screen.contains(" echo ")
    });
}

#[test]
fn an_unsuitable_terminal_is_exit_code_69() {
    let (fleet, _pane) = fleet();
    let program = Binaries::mosaic();
    let line = format!(
        "TERM=dumb {} agent watch coder0; echo code=$?=; tmux -L terminal wait-for -S left; exec sleep 1000",
        program.display()
    );
    assert!(terminal(&fleet, &["new-session", "-d", &line]).status.success());
    assert!(terminal(&fleet, &["wait-for", "left"]).status.success());
    wait_until("the exit code is 69", || {
        String::from_utf8(terminal(&fleet, &["capture-pane", "-p"]).stdout).unwrap().contains("code=69=")
    });
}

#[test]
fn an_error_that_cannot_be_printed_keeps_its_exit_code() {
    let fleet = Fleet::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let code = agent(&fleet, &["roster", "--roster", "/nonexistent"]).stderr(full).status().unwrap().code();
    assert_eq!(code, output(&fleet, &["roster", "--roster", "/nonexistent"]).status.code());
}

#[test]
fn an_old_tmux_is_refused_with_its_version() {
    let (fleet, _pane) = fleet();
    let old = fleet.home().join("old");
    std::fs::create_dir(&old).unwrap();
    std::fs::write(old.join("tmux"), "#!/bin/sh\necho tmux 2.9a\n").unwrap();
    std::fs::set_permissions(old.join("tmux"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let tail =
        agent(&fleet, &["tail", "coder0"]).env("PATH", format!("{}:/usr/bin:/bin", old.display())).output().unwrap();
    assert_eq!(tail.status.code(), Some(69));
    assert!(String::from_utf8(tail.stderr).unwrap().contains("'tmux 2.9a'"));
}
