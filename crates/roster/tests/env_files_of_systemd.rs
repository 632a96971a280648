//! What we make of an env file is what a real systemd makes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

use std::fs;

use mosaic_harness::{Fleet, UserManager};
use mosaic_roster::{AgentEnv, Roster};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

const UNIT: &str = "\
[Service]
Type=oneshot
EnvironmentFile=%h/env/%i
ExecStart=/bin/sh -c 'env -0 >%h/out/%i'
";

/// Texts by hand, and forty that nobody would write.
fn texts() -> Vec<String> {
    let by_hand = [
        "A=1\nB=two words  \n# C=3\n; C=4\n  D = x\t\n",
        "A='one  two '\nB=\"x $y `z` \\\"q\\\" \\\\ \\n\"\nC=a\\ \\$b\n",
        "A=one \\\n  two\nB=\"one\\\ntwo\"\nC='one\\\ntwo'\nD=\"one\ntwo\"\n",
        "A='x' \"y\" z # no comment\nB=x'y'\nC=\nD=''\n",
        "A=1\r\nB=2\r\nno assignment\n=x\n1A=2\nA B=3\nC=4",
        "A=\"open\nB=2",
        "A=1\nA=2\nB=open\\",
        "A='open\\",
        "A=\"open\\",
    ];
    let mut runner = TestRunner::deterministic();
    let odd = "([A-D]=|['\"\\\\$`=x# ;\\t\\r\\n]|\n[#;]x|\n){1,25}";
    // Until systemd 253 a comment could be continued, and we go by those after it.
    let continues =
        |text: &str| text.lines().any(|line| line.trim_start().starts_with(['#', ';']) && line.contains('\\'));
    let odd = (0..400).map(|_| odd.new_tree(&mut runner).unwrap().current()).filter(|text| !continues(text)).take(40);
    let roster = "version: 1\nagents: [{name: a, class: canary, command: \"a \\\"b\\\" $HOME `c` \\\\ 'd' #e é\"}]";
    let roster = Roster::parse(roster, "roster.yaml".as_ref()).unwrap();
    let ours = AgentEnv::default().merged(&roster.settings(&roster.agents[0]), None).to_string();
    by_hand.map(str::to_owned).into_iter().chain(odd).chain([ours]).collect()
}

#[test]
fn systemd_reads_env_files_as_we_do() {
    let fleet = Fleet::new();
    let Some(manager) = UserManager::start_or_skip(&fleet) else { return };
    manager.install_unit("env@.service", UNIT);
    for directory in ["env", "out"] {
        fs::create_dir(fleet.home().join(directory)).unwrap();
    }
    let texts = texts();
    for (at, text) in texts.iter().enumerate() {
        fs::write(fleet.home().join(format!("env/{at}")), text).unwrap();
    }
    let units: Vec<String> = (0..texts.len()).map(|at| format!("env@{at}.service")).collect();
    let mut arguments = vec!["start"];
    arguments.extend(units.iter().map(String::as_str));
    manager.systemctl_ok(&arguments);
    for (at, text) in texts.iter().enumerate() {
        let environment = fs::read(fleet.home().join(format!("out/{at}"))).unwrap();
        let environment = String::from_utf8(environment).unwrap();
        // The manager gives its units variables of its own as well.
        let ours_to_say = |key: &str| key.len() <= 2 && key != "_" || key.starts_with("MOSAIC_AGENT_");
        let mut seen: Vec<(&str, &str)> = environment.split('\0').filter_map(|line| line.split_once('=')).collect();
        seen.retain(|(key, _)| ours_to_say(key));
        seen.sort_unstable();
        let variables = AgentEnv::parse(text).variables();
        let mut ours: Vec<(&str, &str)> = variables.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        ours.retain(|(key, _)| ours_to_say(key));
        ours.sort_unstable();
        assert_eq!(ours, seen, "{text:?}");
    }
}
