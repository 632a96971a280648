//! `test-agent SOCKET AGENT`: the pane process of a test, which executes the requests that it reads from the socket.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a program for tests: a panic names the line that failed")]

use mosaic_harness::{PaneHello, PaneReply, PaneRequest};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const ORPHAN: &str = "--orphan";

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let orphan = arguments.first().is_some_and(|first| first == ORPHAN);
    if orphan {
        arguments.remove(0);
        ignore_termination();
        rustix::process::setsid().unwrap();
    }
    let [socket, agent] = arguments.as_slice() else {
        eprintln!("usage: test-agent [{ORPHAN}] SOCKET AGENT");
        std::process::exit(64);
    };
    let stream = UnixStream::connect(socket).expect("connect to the socket of the test");
    send(&stream, &PaneHello { agent: agent.clone(), orphan });
    if orphan {
        println!("ready");
    }
    // The connection ends with the test, even if the test is killed.
    for line in BufReader::new(&stream).lines() {
        let Ok(line) = line else { break };
        let reply = handle(serde_json::from_str(&line).expect("parse a request"), &arguments);
        send(&stream, &reply);
    }
}

fn handle(request: PaneRequest, arguments: &[String]) -> PaneReply {
    match request {
        PaneRequest::Print(text) => {
            let mut terminal = std::io::stdout();
            terminal.write_all(text.as_bytes()).unwrap();
            terminal.flush().unwrap();
            PaneReply::Done
        }
        PaneRequest::Exit(code) => std::process::exit(code),
        PaneRequest::KillSelf(signal) => {
            signal_hook::low_level::emulate_default_handler(signal).expect("a signal that terminates the process");
            PaneReply::Done
        }
        PaneRequest::SpawnOrphan => PaneReply::Orphan(spawn_orphan(arguments)),
        PaneRequest::IgnoreTermination => {
            ignore_termination();
            PaneReply::Done
        }
        PaneRequest::Environment => PaneReply::Environment(
            std::env::vars_os()
                .map(|(key, value)| {
                    let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
                    (text(key), text(value))
                })
                .collect(),
        ),
        PaneRequest::WorkingDirectory => PaneReply::WorkingDirectory(std::env::current_dir().unwrap()),
    }
}

/// Starts a descendant and returns when it ignores signals and runs in its own session.
fn spawn_orphan(arguments: &[String]) -> u32 {
    let mut orphan = Command::new(std::env::current_exe().unwrap())
        .arg(ORPHAN)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = orphan.id();
    let mut ready = String::new();
    BufReader::new(orphan.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    assert_eq!(ready, "ready\n", "the descendant has started");
    // Reap the descendant if it exits before this process.
    std::thread::spawn(move || orphan.wait());
    pid
}

/// Installs handlers that only set a flag, since `SIG_IGN` would need unsafe code.
fn ignore_termination() {
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).unwrap();
    }
}

fn send(mut stream: &UnixStream, message: &impl serde::Serialize) {
    let mut line = serde_json::to_vec(message).unwrap();
    line.push(b'\n');
    stream.write_all(&line).expect("write to the test");
}
