//! The fleet under test, and what the kernel and tmux say of it without the product.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Output, Stdio};

use mosaic_harness::{Binaries, Fleet, ProcessWatch, RosterFleet};

/// The agents that are in the roster from the beginning.
pub(super) const AGENTS: [&str; 3] = ["mos", "coder0", "coder1"];
/// The agent that operations add and remove.
pub(super) const SPARE: &str = "spare";

pub(super) struct Scene {
    pub(super) fleet: RosterFleet,
}

impl Scene {
    pub(super) fn start_or_skip() -> Option<Self> {
        let fleet = RosterFleet::installed_or_skip(Fleet::builder(), &AGENTS, "2")?;
        let scene = Self { fleet };
        scene.mosaic(&["fleet", "start"]);
        Some(scene)
    }

    /// `MOSAIC_HOME`.
    pub(super) fn home(&self) -> &std::path::Path {
        self.fleet.units().fleet().mosaic_home()
    }

    /// The agents of the roster.
    pub(super) fn agents(&self) -> Vec<String> {
        let roster = self.fleet.roster();
        AGENTS
            .iter()
            .chain([&SPARE])
            .filter(|agent| roster.contains(&format!("name: {agent}")))
            .map(|&agent| agent.to_owned())
            .collect()
    }

    /// A command that runs the built `mosaic`, which no operation removes.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.fleet.units().manager().command(Binaries::mosaic());
        command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(super) fn output(&self, words: &[&str]) -> Output {
        let output = self.command(words).output().unwrap();
        println!("    mosaic {}: {}", words.join(" "), describe(&output));
        output
    }

    /// Runs a command whose outcome the observation afterwards has to show. It must not panic, and never die of a signal.
    pub(super) fn mosaic(&self, words: &[&str]) {
        assert_documented(words, &self.output(words));
    }

    pub(super) fn mosaic_at_once(&self, commands: &[&[&str]]) {
        let started: Vec<_> = commands.iter().map(|words| (words, self.command(words).spawn().unwrap())).collect();
        for (words, child) in started {
            let output = child.wait_with_output().unwrap();
            println!("    mosaic {}: {}", words.join(" "), describe(&output));
            assert_documented(words, &output);
        }
    }

    pub(super) fn systemctl(&self, words: &[&str]) {
        let output = self.fleet.units().manager().systemctl(words);
        println!("    systemctl --user {}: {}", words.join(" "), describe(&output));
    }

    pub(super) fn tmux(&self, words: &[&str]) {
        let output = self.fleet.units().fleet().tmux(words);
        println!("    tmux {}: {}", words.join(" "), describe(&output));
    }

    /// The living processes of the agents, from `/proc`.
    pub(super) fn living(&self) -> BTreeMap<String, ProcessWatch> {
        let agent_of = |pid: u32| {
            let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
            Some(words.trim_end_matches('\0').rsplit('\0').next()?.to_owned())
        };
        let processes = self.fleet.units().fleet().processes_named("test-agent").into_iter();
        processes
            .filter_map(|pid| {
                let process = ProcessWatch::new(pid).ok()?;
                Some((agent_of(pid)?, process))
            })
            .filter(|(_, process)| !process.is_dead())
            .collect()
    }

    /// The PIDs of the agents that have more than one process, which must never be.
    pub(super) fn doubled(&self) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for pid in self.fleet.units().fleet().processes_named("test-agent") {
            let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            if let Some(agent) = words.trim_end_matches('\0').rsplit('\0').next().filter(|agent| !agent.is_empty()) {
                *counts.entry(agent.to_owned()).or_default() += 1;
            }
        }
        counts.into_iter().filter(|(_, count)| *count > 1).collect()
    }

    /// What tmux lists, if its server can be reached: session → PID of a living pane process.
    pub(super) fn panes(&self) -> Option<BTreeMap<String, u32>> {
        let output =
            self.fleet.units().fleet().tmux(&["list-panes", "-a", "-F", "#{session_name} #{pane_pid} #{pane_dead}"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let living = text.lines().filter_map(|line| {
            let [session, pid, "0"] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
            Some((session.to_owned(), pid.parse().ok()?))
        });
        output.status.success().then(|| living.collect())
    }
}

/// The exit code, and the lines that were printed.
pub(super) fn describe(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    format!("{} {}", output.status, text.trim_end().replace('\n', "\n        "))
}

/// Panics unless the exit code is one that the manual documents for a failure outside the program.
pub(super) fn assert_documented(words: &[&str], output: &Output) {
    let documented = [0, 1, 64, 69, 74, 75, 77, 78];
    let code = output.status.code();
    assert!(code.is_some_and(|code| documented.contains(&code)), "mosaic {}: {}", words.join(" "), describe(output));
}

impl Scene {
    /// Runs a command line that was printed as advice, with the built `mosaic` first on the path.
    pub(super) fn shell(&self, line: &str) -> Output {
        let programs = Binaries::mosaic().parent().unwrap().to_owned();
        let path = self.fleet.units().fleet().environment()["PATH"].clone();
        let mut command = self.fleet.units().manager().command("sh");
        command.args(["-c", line]).env("PATH", format!("{}:{path}", programs.display()));
        command.output().unwrap()
    }
}
