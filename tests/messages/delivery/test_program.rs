//! `test-tui`, a program that behaves like the terminal programs of agents.

use crate::delivery::site::{Agent, Site};
use mosaic_harness::{Binaries, LogFile};
use serde_json::Value;

/// The screen profile of the program.
pub(crate) const PROFILE: &str = r"version: 1
composer:
  kind: box
  above: '^─{10,}$'
  first: '^(.*)$'
  below: '^─{10,}$'
  tallest: 19
pasted: '^\[paste #\d+ (?:\+(?<lines>\d+) lines|(?<chars>\d+) chars)\]$'
queued: '^ Steering: (?<text>.*?)(?:\.\.\.)?$'
busy: '^ [⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Working'
dialogs:
  - {name: permission, line: '^ Do you want to '}
reads_files: true
";

/// The command line of the program for an agent of the site. `FILE` in the flags stands for a file of the site.
pub(crate) fn command(site: &Site, agent: &str, flags: &str) -> String {
    let log = site.fleet.root().join(format!("{agent}.log"));
    let flags = flags.replace("FILE", &site.fleet.root().join("file").display().to_string());
    format!("exec '{}' '{}' {flags}", Binaries::test_tui().display(), log.display())
}

/// A site whose agents all run this program with these flags, in sessions without a sidecar.
pub(crate) fn site(agents: &[&str], runtime: &'static str, flags: &str) -> Site {
    let entries: Vec<Agent> = agents.iter().map(|name| Agent::new(name, runtime, "unused")).collect();
    let site = Site::with_agents(&entries);
    if runtime == "tui" {
        site.write_profile("tui", PROFILE);
    }
    for agent in agents {
        open(&site, agent, flags);
    }
    site
}

/// Starts the program in a session.
pub(crate) fn open(site: &Site, agent: &str, flags: &str) {
    drop(log(site, agent).create());
    site.open_session(agent, &command(site, agent, flags));
}

pub(crate) fn log(site: &Site, agent: &str) -> LogFile {
    LogFile::new(site.fleet.root().join(format!("{agent}.log")))
}

/// Creates the file for which the flags make the program wait.
pub(crate) fn release(site: &Site) {
    std::fs::write(site.fleet.root().join("file"), "").unwrap();
}

/// The messages that the program has received, or the keys that its dialog has received.
pub(crate) fn received(site: &Site, agent: &str) -> Vec<String> {
    read(&log(site, agent).lines())
}

/// Waits until the program has received a number of messages.
pub(crate) fn wait_received(site: &Site, agent: &str, count: usize) -> Vec<String> {
    read(&log(site, agent).wait_lines(count))
}

fn read(lines: &[String]) -> Vec<String> {
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| Value::from(line.as_str())))
        .map(text)
        .collect()
}

fn text(logged: Value) -> String {
    match logged {
        Value::String(text) => text,
        key => key.to_string(),
    }
}
