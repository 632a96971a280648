//! A process that ends during a paste neither crashes the tmux server nor redirects the text.

use mosaic_domain::Pid;
use mosaic_harness::{Fleet, ProcessWatch};
use mosaic_tmux::{InputOutcome, PaneTarget, Server};
use rustix::process::Signal;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

const TRIES: usize = 1_000;

/// A pane whose process is replaced again and again, and another pane beside it.
struct Panes {
    fleet: Fleet,
}

impl Panes {
    fn new() -> Self {
        let panes = Self { fleet: Fleet::new() };
        for session in ["replaced", "bystander"] {
            let command = panes.writer(session);
            let keep = [";", "set-option", "-w", "remain-on-exit", "on"];
            let opened =
                panes.fleet.tmux_server(&[&["new-session", "-d", "-s", session, &command][..], &keep].concat());
            assert!(opened.status.success(), "{opened:?}");
        }
        panes
    }

    /// The command line of a process that writes its input to a file.
    fn writer(&self, name: &str) -> String {
        format!("exec cat >>{}", self.file(name).display())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.fleet.root().join(format!("typed-{name}"))
    }

    /// The text that a process has received.
    fn typed(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// Starts another process in the pane and returns its PID.
    fn respawn(&self, name: &str) -> u32 {
        let respawn = ["respawn-pane", "-k", "-t", "=replaced:", &self.writer(name)];
        let show = [";", "display-message", "-p", "-t", "=replaced:", "#{pane_pid}"];
        let output = self.fleet.tmux(&[&respawn[..], &show].concat());
        assert!(output.status.success(), "{name}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }

    fn server_pid(&self) -> String {
        String::from_utf8(self.fleet.tmux(&["display-message", "-p", "#{pid}"]).stdout).unwrap()
    }

    /// The server through the product's own API, in this fleet's socket directory.
    fn server(&self) -> Server {
        let program = self.fleet.root().join("tmux-of-the-fleet");
        let directory = &self.fleet.environment()["TMUX_TMPDIR"];
        self.fleet.install_script(&program, &format!("#!/bin/sh\nTMUX_TMPDIR={directory} exec tmux \"$@\"\n"));
        Server::new(program, self.fleet.tmux_socket().parse().unwrap())
    }
}

#[test]
fn a_thousand_processes_that_end_during_a_paste_do_no_harm() {
    let panes = Panes::new();
    let (server, before) = (panes.server(), panes.server_pid());
    let pane = server.find_pane(&"replaced".parse::<PaneTarget>().unwrap()).unwrap().unwrap();
    let input = server.pane_input(pane.id, 0);
    let mut rejected = 0;
    for nth in 0..TRIES {
        let pid = panes.respawn(&nth.to_string());
        let process = ProcessWatch::new(pid).unwrap();
        let delay = Duration::from_micros(u64::try_from(nth % 100).unwrap() * 80);
        let outcome = thread::scope(|scope| {
            scope.spawn(|| {
                let ended = process.wait_for(delay);
                assert!(!ended, "it ended by itself");
                if nth.is_multiple_of(2) {
                    process.signal(Signal::KILL.as_raw());
                } else {
                    panes.respawn(&format!("{nth}-next"));
                }
            });
            input.paste(Pid::new(pid).unwrap(), &format!("b{nth}"), &format!("text {nth}\n"), Duration::ZERO)
        });
        match outcome {
            Ok((InputOutcome::Typed, _)) => {}
            Ok((InputOutcome::Rejected, _)) => {
                rejected += 1;
                assert_eq!(panes.typed(&nth.to_string()), "");
            }
            Err(error) => panic!("{nth}: {error}; the server was {before}, is {}", panes.server_pid()),
        }
    }
    assert_eq!(panes.server_pid(), before);
    assert!((1..TRIES).contains(&rejected), "{rejected} were rejected: every process ended too early or too late");
    for nth in 0..TRIES {
        let (own, next) = (panes.typed(&nth.to_string()), panes.typed(&format!("{nth}-next")));
        assert!(own.is_empty() || own == format!("text {nth}\n"), "{nth}: {own:?}");
        assert_eq!(next, "", "{nth}");
    }
    assert_eq!(panes.typed("bystander"), "");
    assert_eq!(panes.fleet.tmux(&["list-buffers"]).stdout, b"");
}
