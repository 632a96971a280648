//! The kinds of operations, and which agents each of them may end.

use std::fs;
use std::path::{Path, PathBuf};

use mosaic_harness::{Binaries, ProcessWatch, UnitFleet};
use rustix::process::Signal;

use super::scene::{SPARE, Scene};

/// Which running agents an operation may end. All others must keep their process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// No agent.
    Nothing,
    /// The agent that the operation is about.
    TheAgent,
    /// Any agent.
    AnyAgent,
}

/// One kind of operation.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) ends: Ends,
    pub(super) run: fn(&Scene, &str),
}

const fn operation(name: &'static str, ends: Ends, run: fn(&Scene, &str)) -> Operation {
    Operation { name, ends, run }
}

/// All kinds.
pub(super) const OPERATIONS: &[Operation] = &[
    // Commands of the product.
    operation("fleet start", Ends::Nothing, |scene, _| scene.mosaic(&["fleet", "start"])),
    operation("fleet start AGENT", Ends::Nothing, |scene, agent| scene.mosaic(&["fleet", "start", agent])),
    operation("fleet stop AGENT", Ends::TheAgent, |scene, agent| scene.mosaic(&["fleet", "stop", agent])),
    operation("fleet stop", Ends::AnyAgent, |scene, _| scene.mosaic(&["fleet", "stop"])),
    operation("fleet restart AGENT", Ends::TheAgent, |scene, agent| scene.mosaic(&["fleet", "restart", agent])),
    operation("fleet restart", Ends::AnyAgent, |scene, _| scene.mosaic(&["fleet", "restart"])),
    operation("fleet install", Ends::Nothing, |scene, _| scene.mosaic(&["fleet", "install"])),
    operation("fleet add", Ends::Nothing, |scene, _| scene.add_spare()),
    operation("fleet remove", Ends::Nothing, |scene, _| scene.remove_spare(&[])),
    operation("fleet remove --keep-files", Ends::Nothing, |scene, _| scene.remove_spare(&["--keep-files"])),
    operation("two starts at once", Ends::Nothing, |scene, agent| {
        scene.mosaic_at_once(&[&["fleet", "start", agent], &["fleet", "start"]]);
    }),
    operation("two restarts at once", Ends::TheAgent, |scene, agent| {
        scene.mosaic_at_once(&[&["fleet", "restart", agent], &["fleet", "restart", agent]]);
    }),
    operation("a start and a stop at once", Ends::TheAgent, |scene, agent| {
        scene.mosaic_at_once(&[&["fleet", "start", agent], &["fleet", "stop", agent]]);
    }),
    // Commands of systemd.
    operation("systemctl start", Ends::Nothing, |scene, agent| scene.systemctl(&["start", &UnitFleet::unit(agent)])),
    operation("systemctl stop", Ends::TheAgent, |scene, agent| scene.systemctl(&["stop", &UnitFleet::unit(agent)])),
    operation("systemctl restart", Ends::TheAgent, |scene, agent| {
        scene.systemctl(&["restart", &UnitFleet::unit(agent)]);
    }),
    operation("systemctl kill --signal=KILL", Ends::TheAgent, |scene, agent| {
        scene.systemctl(&["kill", "--signal=KILL", &UnitFleet::unit(agent)]);
    }),
    operation("systemctl disable", Ends::Nothing, |scene, agent| {
        scene.systemctl(&["disable", &UnitFleet::unit(agent)]);
    }),
    operation("systemctl mask", Ends::Nothing, |scene, agent| scene.systemctl(&["mask", &UnitFleet::unit(agent)])),
    operation("systemctl daemon-reload", Ends::Nothing, |scene, _| scene.systemctl(&["daemon-reload"])),
    operation("systemctl daemon-reexec", Ends::Nothing, |scene, _| scene.systemctl(&["daemon-reexec"])),
    operation("systemctl restart of the holder", Ends::AnyAgent, |scene, _| {
        scene.systemctl(&["restart", UnitFleet::HOLDER]);
    }),
    operation("systemctl stop of the holder", Ends::AnyAgent, |scene, _| {
        scene.systemctl(&["stop", UnitFleet::HOLDER]);
    }),
    operation("reboot", Ends::AnyAgent, |scene, _| scene.fleet.units().manager().kill_and_restart_manager()),
    // Signals.
    operation("SIGKILL to the agent", Ends::TheAgent, |scene, agent| scene.signal_agent(agent, Signal::KILL)),
    operation("SIGTERM to the agent", Ends::TheAgent, |scene, agent| scene.signal_agent(agent, Signal::TERM)),
    operation("SIGHUP to the agent", Ends::TheAgent, |scene, agent| scene.signal_agent(agent, Signal::HUP)),
    operation("SIGKILL to the sidecar", Ends::Nothing, |scene, agent| scene.signal_sidecar(agent, Signal::KILL)),
    operation("SIGUSR1 to the sidecar", Ends::Nothing, |scene, agent| scene.signal_sidecar(agent, Signal::USR1)),
    operation("SIGKILL to every sidecar", Ends::Nothing, |scene, _| {
        scene.agents().iter().for_each(|agent| scene.signal_sidecar(agent, Signal::KILL));
    }),
    operation("SIGKILL to the tmux server", Ends::AnyAgent, |scene, _| scene.signal_server(Signal::KILL)),
    operation("SIGTERM to the tmux server", Ends::AnyAgent, |scene, _| scene.signal_server(Signal::TERM)),
    operation("SIGUSR1 to the tmux server", Ends::Nothing, |scene, _| scene.signal_server(Signal::USR1)),
    // Commands of tmux.
    operation("tmux kill-session", Ends::TheAgent, |scene, agent| {
        scene.tmux(&["kill-session", "-t", &format!("={agent}:")]);
    }),
    operation("tmux kill-session of the holder", Ends::Nothing, |scene, _| {
        scene.tmux(&["kill-session", "-t", "=_holder:"]);
    }),
    operation("tmux respawn-pane", Ends::TheAgent, |scene, agent| {
        scene.tmux(&["respawn-pane", "-k", "-t", &format!("={agent}:")]);
    }),
    operation("tmux new-session of another name", Ends::Nothing, |scene, _| {
        scene.tmux(&["new-session", "-d", "-s", "visitor", "sleep 1000"]);
    }),
    operation("tmux kill-server", Ends::AnyAgent, |scene, _| scene.tmux(&["kill-server"])),
    // Files that are removed.
    operation("rm of the heartbeat", Ends::Nothing, |scene, agent| remove(&scene.heartbeat(agent))),
    operation("rm of every file in the run directory", Ends::Nothing, |scene, _| {
        for file in files_of(scene.fleet.units().fleet().run_directory()) {
            remove(&file);
        }
    }),
    operation("rm of the env file", Ends::Nothing, |scene, agent| remove(&scene.env_file(agent))),
    operation("rm of the tmux socket", Ends::Nothing, |scene, _| scene.each_socket(remove)),
    operation("rm of the directory of the tmux socket", Ends::Nothing, |scene, _| {
        scene.each_socket(|socket| remove(socket.parent().unwrap()));
    }),
    operation("rm of the installed programs", Ends::Nothing, |scene, _| {
        for name in Binaries::PRODUCT {
            remove(&scene.home().join("tools/fleet").join(name));
        }
    }),
    operation("rm of the template of the units", Ends::Nothing, |scene, _| {
        remove(&scene.fleet.units().manager().unit_directory().join("mosaic-agent@.service"));
        scene.systemctl(&["daemon-reload"]);
    }),
    operation("rm of the outbox", Ends::Nothing, |scene, _| remove(&scene.home().join("fleet/outbox"))),
    operation("rm of the records of ends", Ends::Nothing, |scene, _| remove(&scene.home().join("fleet/ends"))),
    operation("rm of the runtime profiles", Ends::Nothing, |scene, _| remove(&scene.home().join("fleet/runtimes"))),
    // Files that hold something else.
    operation("garbage in the heartbeat", Ends::Nothing, |scene, agent| garble(&scene.heartbeat(agent))),
    operation("an empty heartbeat", Ends::Nothing, |scene, agent| write(&scene.heartbeat(agent), b"")),
    operation("a directory in place of the heartbeat", Ends::Nothing, |scene, agent| {
        replace_by_directory(&scene.heartbeat(agent));
    }),
    operation("garbage in the env file", Ends::Nothing, |scene, agent| garble(&scene.env_file(agent))),
    operation("a directory in place of the env file", Ends::Nothing, |scene, agent| {
        replace_by_directory(&scene.env_file(agent));
    }),
    operation("garbage in the report", Ends::Nothing, |scene, agent| {
        garble(&scene.heartbeat(agent).with_extension("state"));
    }),
    operation("garbage in the records of ends", Ends::Nothing, |scene, agent| {
        let directory = scene.home().join("fleet/ends");
        let _ = fs::create_dir(&directory);
        garble(&directory.join(format!("{agent}.jsonl")));
    }),
    operation("garbage in the roster for a moment", Ends::Nothing, |scene, _| {
        let kept = scene.fleet.roster();
        scene.fleet.write_roster("agents: [");
        for words in [["fleet", "ps"], ["fleet", "start"], ["fleet", "restart"], ["fleet", "install"]] {
            scene.mosaic(&words);
        }
        scene.fleet.write_roster(&kept);
    }),
    operation("no roster for a moment", Ends::Nothing, |scene, _| {
        let kept = scene.fleet.roster();
        remove(&scene.home().join("fleet/roster.yaml"));
        for words in [["fleet", "ps"], ["fleet", "start"], ["fleet", "restart"], ["fleet", "install"]] {
            scene.mosaic(&words);
        }
        scene.fleet.write_roster(&kept);
    }),
];

impl Scene {
    fn env_file(&self, agent: &str) -> PathBuf {
        self.fleet.units().fleet().env_file_path(agent)
    }

    fn heartbeat(&self, agent: &str) -> PathBuf {
        self.fleet.units().fleet().heartbeat_path(agent)
    }

    fn add_spare(&self) {
        let command = self.fleet.units().test_agent_command(SPARE);
        self.mosaic(&["fleet", "add", SPARE, "--class", "implementer", "--runtime", "pi", "--command", &command]);
    }

    fn remove_spare(&self, further: &[&str]) {
        self.mosaic(&[&["fleet", "remove", SPARE], further].concat());
        // With --keep-files the agent still runs, and what it leaves is drift that an operator has asked for.
        if !further.is_empty() {
            self.mosaic(&["fleet", "stop", SPARE]);
            self.systemctl(&["disable", &UnitFleet::unit(SPARE)]);
        }
    }

    fn signal_agent(&self, agent: &str, signal: Signal) {
        if let Some(process) = self.living().remove(agent) {
            process.signal(signal.as_raw());
        }
    }

    fn signal_sidecar(&self, agent: &str, signal: Signal) {
        let pid = self.fleet.units().manager().systemctl(&["show", "-P", "MainPID", &UnitFleet::unit(agent)]);
        if let Ok(pid @ 1..) = String::from_utf8_lossy(&pid.stdout).trim().parse()
            && let Ok(sidecar) = ProcessWatch::new(pid)
        {
            sidecar.signal(signal.as_raw());
            if signal == Signal::KILL {
                sidecar.wait();
            }
        }
    }

    fn signal_server(&self, signal: Signal) {
        for pid in self.fleet.units().fleet().processes_named("tmux: server") {
            if let Ok(server) = ProcessWatch::new(pid) {
                server.signal(signal.as_raw());
                if signal != Signal::USR1 {
                    server.wait();
                }
            }
        }
    }

    fn each_socket(&self, act: fn(&Path)) {
        for directory in files_of(&self.fleet.units().fleet().root().join("tmux")) {
            for socket in files_of(&directory) {
                act(&socket);
            }
        }
    }
}

fn files_of(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).map_or_else(|_| Vec::new(), |entries| entries.flatten().map(|entry| entry.path()).collect())
}

/// Removes a file or a directory tree, if there is one.
fn remove(path: &Path) {
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(path).unwrap();
    } else if path.symlink_metadata().is_ok() {
        fs::remove_file(path).unwrap();
    }
}

fn write(path: &Path, content: &[u8]) {
    remove(path);
    fs::write(path, content).unwrap();
}

fn garble(path: &Path) {
    write(path, b"\xff\xfe not what belongs here =\n\0=\n");
}

fn replace_by_directory(path: &Path) {
    remove(path);
    fs::create_dir(path).unwrap();
}
