//! Generated env files and drop-ins.

use std::fs;
use std::path::Path;

use mosaic_harness::{Fleet, UserManager};
use mosaic_roster::{AgentEnvFile, AgentSettings, Roster, agent_drop_in, holder_drop_in};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

const MARKER: &str = AgentEnvFile::MARKER;

/// The settings of an agent with these additional lines, in a roster with these sections.
fn settings(sections: &str, agent: &str) -> AgentSettings {
    let text = format!("version: 1\n{sections}\nagents:\n  - name: coder0\n    class: implementer\n{agent}");
    let roster = Roster::parse(&text, Path::new("roster.yaml")).unwrap();
    roster.settings(&roster.agents[0])
}

fn full() -> AgentSettings {
    settings(
        "defaults: {runtime: codex, heartbeat_interval: 30, working_directory: /srv/my files}",
        "    command: codex --say \"$HOME\"\n    model_hint: gpt-5\n",
    )
}

fn merged(text: &str, settings: &AgentSettings, search_path: Option<&str>) -> String {
    AgentEnvFile::parse(text).merged(settings, search_path).to_string()
}

#[test]
fn a_new_env_file_has_all_settings_in_a_fixed_order() {
    let expected = format!(
        "# Written by mosaic fleet install, from the roster. Your own lines and comments here are kept.
MOSAIC_TMUX_SOCKET=mosaic-factory
MOSAIC_AGENT_RUNTIME=codex
MOSAIC_AGENT_CLASS=implementer
MOSAIC_AGENT_WORKDIR=\"/srv/my files\"
MOSAIC_HEARTBEAT_INTERVAL=30
MOSAIC_AGENT_MODEL_HINT=gpt-5
{MARKER}
MOSAIC_AGENT_COMMAND=\"codex --say \\\"\\$HOME\\\"\"
{MARKER}
PATH=/opt/node/bin:/usr/bin
"
    );
    let env = AgentEnvFile::default().merged(&full(), Some("/opt/node/bin:/usr/bin"));
    assert_eq!(env.to_string(), expected);
    assert_eq!(env.value("MOSAIC_AGENT_COMMAND").as_deref(), Some("codex --say \"$HOME\""));
    assert_eq!(env.variables().len(), 8);
    assert_eq!(env.without_generated(), None);
}

#[test]
fn a_name_in_the_file_is_that_of_the_agent() {
    let old = "MOSAIC_AGENT_NAME=old-name\nEDITOR=vi\nMOSAIC_AGENT_NAME=older\n";
    let name = full().name.to_string();
    let env = AgentEnvFile::parse(old).merged(&full(), None);
    assert_eq!(env.value("MOSAIC_AGENT_NAME").as_deref(), Some(name.as_str()));
    assert!(env.to_string().starts_with(&format!("MOSAIC_AGENT_NAME={name}\nEDITOR=vi\n")), "{env}");
    assert_eq!(env.merged(&full(), None), env);
    // The unit sets it, so a new file does not have it.
    assert_eq!(AgentEnvFile::default().merged(&full(), None).value("MOSAIC_AGENT_NAME"), None);
    assert_eq!(env.without_generated().unwrap().to_string(), "EDITOR=vi\n");
}

#[test]
fn a_missing_env_file_is_none_and_an_unreadable_one_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("coder0.env");
    assert_eq!(AgentEnvFile::read(&path).unwrap(), None);
    fs::write(&path, "A=1\n").unwrap();
    assert_eq!(AgentEnvFile::read(&path).unwrap().unwrap().value("A").as_deref(), Some("1"));
    assert!(AgentEnvFile::read(directory.path()).is_err());
}

#[test]
fn lines_of_the_site_are_kept_and_generated_ones_are_updated_in_place() {
    let site = "# our own notes
MOSAIC_AGENT_RUNTIME=pi
  ANTHROPIC_API_KEY = 'x y'   ; with care
MOSAIC_AGENT_COMMAND=\"claude --resume\" \\
  --verbose

; old
MOSAIC_AGENT_RUNTIME=claude
MOSAIC_AGENT_CLASS='implementer'
PATH=/site/bin
not a setting
";
    let expected = "# our own notes
MOSAIC_AGENT_RUNTIME=codex
  ANTHROPIC_API_KEY = 'x y'   ; with care
MOSAIC_AGENT_COMMAND=\"claude --resume\" \\
  --verbose

; old
MOSAIC_AGENT_CLASS='implementer'
PATH=/site/bin
not a setting
MOSAIC_TMUX_SOCKET=mosaic-factory
MOSAIC_AGENT_WORKDIR=\"/srv/my files\"
MOSAIC_HEARTBEAT_INTERVAL=30
MOSAIC_AGENT_MODEL_HINT=gpt-5
";
    assert_eq!(merged(site, &full(), Some("/opt/bin")), expected);
    let left = AgentEnvFile::parse(expected).without_generated().unwrap().to_string();
    assert!(left.contains("MOSAIC_AGENT_COMMAND=\"claude --resume\" \\\n  --verbose\n"), "{left}");
    assert!(left.contains("PATH=/site/bin\n") && !left.contains("MOSAIC_AGENT_RUNTIME"), "{left}");
}

#[test]
fn a_setting_that_left_the_roster_is_removed_if_it_was_generated() {
    let bare = settings("", "");
    let ours = AgentEnvFile::default().merged(&full(), Some("/opt/bin"));
    let text = format!("{ours}# mine\nMINE=1\n");
    let expected = format!(
        "# Written by mosaic fleet install, from the roster. Your own lines and comments here are kept.
MOSAIC_TMUX_SOCKET=mosaic-factory
MOSAIC_AGENT_RUNTIME=pi
MOSAIC_AGENT_CLASS=implementer
{MARKER}
PATH=/opt/bin
# mine
MINE=1
"
    );
    assert_eq!(merged(&text, &bare, None), expected);
    assert_eq!(AgentEnvFile::parse(&text).without_generated().unwrap().to_string(), "# mine\nMINE=1\n");
    // A command that the site set wins over the roster's.
    let site = "MOSAIC_AGENT_COMMAND=mine\n";
    for settings in [&bare, &full()] {
        let env = AgentEnvFile::parse(site).merged(settings, None);
        assert_eq!(env.value("MOSAIC_AGENT_COMMAND").as_deref(), Some("mine"));
        assert!(!env.to_string().contains(MARKER));
    }
    // A generated command beside the site's is removed.
    let both = format!("{MARKER}\nMOSAIC_AGENT_COMMAND=ours\nMOSAIC_AGENT_COMMAND=mine\n");
    assert!(!merged(&both, &full(), None).contains(MARKER));
}

#[test]
fn generated_lines_do_not_become_part_of_an_open_value() {
    for odd in [
        "A=1",
        "A='open",
        "A=\"open",
        "A=1\\",
        "# note \\",
        "A=1\0rest",
        "key",
        "A=1\r\n# x\r\n",
        "  ",
        "A=\"a\\",
        "A=\\\n",
    ] {
        let env = AgentEnvFile::parse(odd).merged(&full(), Some("/bin"));
        let again = AgentEnvFile::parse(&env.to_string());
        assert_eq!(again.value("MOSAIC_AGENT_RUNTIME").as_deref(), Some("codex"), "{odd:?}");
        assert_eq!(again.value("PATH").as_deref(), Some("/bin"), "{odd:?}");
        assert_eq!(again.value("A"), AgentEnvFile::parse(odd).value("A"), "{odd:?}");
        assert_eq!(again.merged(&full(), Some("/bin")), again, "{odd:?}");
    }
}

#[test]
fn a_line_that_moves_below_a_comment_does_not_continue_it() {
    let odd = "# note \\\nMOSAIC_AGENT_WORKDIR=/x\nMOSAIC_AGENT_RUNTIME=pi\n";
    let bare = settings("", "");
    let once = merged(odd, &bare, None);
    assert!(once.starts_with("# note \\\n#\nMOSAIC_AGENT_RUNTIME="), "{once}");
    assert_eq!(merged(&once, &bare, None), once);
}

#[test]
fn crlf_line_ends_are_kept() {
    let text = "A=1\r\nMOSAIC_AGENT_RUNTIME=pi\r\nB=2\r\n";
    assert!(merged(text, &full(), None).starts_with("A=1\r\nMOSAIC_AGENT_RUNTIME=codex\r\nB=2\r\n"));
}

proptest! {
    #[test]
    fn merging_is_idempotent_and_keeps_other_variables(text in "(MOSAIC_AGENT_(COMMAND|RUNTIME|WORKDIR)=x?\n|PATH=y\n|# From the roster; the next line is written again by mosaic fleet install.\n|[A-B]=|[#;'\"\\\\ \\r\\n\\t\\x00x$=]){0,30}") {
        for (settings, path) in [(full(), Some("/opt/bin")), (settings("", ""), None)] {
            let once = merged(&text, &settings, path);
            prop_assert_eq!(&merged(&once, &settings, path), &once);
            let (before, after) = (AgentEnvFile::parse(&text), AgentEnvFile::parse(&once));
            for key in ["A", "B"] {
                prop_assert_eq!(before.value(key), after.value(key), "{:?} {:?}", text, once);
            }
            prop_assert_eq!(after.value("MOSAIC_AGENT_RUNTIME"), Some(settings.runtime.to_string()));
        }
    }
}

const UNIT: &str = "\
[Service]
Type=oneshot
EnvironmentFile=%h/env/%i
ExecStart=/bin/sh -c 'env -0 >%h/out/%i'
";

/// Handwritten texts, and forty random ones.
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
    // Before systemd 254, a backslash continued a comment. The parser follows later versions.
    let continues =
        |text: &str| text.lines().any(|line| line.trim_start().starts_with(['#', ';']) && line.contains('\\'));
    let odd = (0..400).map(|_| odd.new_tree(&mut runner).unwrap().current()).filter(|text| !continues(text)).take(40);
    let roster = "version: 1\nagents: [{name: a, class: canary, command: \"a \\\"b\\\" $HOME `c` \\\\ 'd' #e é\"}]";
    let roster = Roster::parse(roster, "roster.yaml".as_ref()).unwrap();
    let ours = AgentEnvFile::default().merged(&roster.settings(&roster.agents[0]), None).to_string();
    by_hand.map(str::to_owned).into_iter().chain(odd).chain([ours]).collect()
}

#[test]
fn systemd_reads_env_files_as_the_parser_does() {
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
        // The manager sets further variables for its units.
        let ours_to_say = |key: &str| key.len() <= 2 && key != "_" || key.starts_with("MOSAIC_AGENT_");
        let mut seen: Vec<(&str, &str)> = environment.split('\0').filter_map(|line| line.split_once('=')).collect();
        seen.retain(|(key, _)| ours_to_say(key));
        seen.sort_unstable();
        let variables = AgentEnvFile::parse(text).variables();
        let mut ours: Vec<(&str, &str)> = variables.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        ours.retain(|(key, _)| ours_to_say(key));
        ours.sort_unstable();
        assert_eq!(ours, seen, "{text:?}");
    }
}

fn roster(sections: &str, agent: &str) -> Roster {
    let text = format!("version: 1\n{sections}\nagents:\n  - name: a\n    class: canary\n{agent}");
    Roster::parse(&text, Path::new("roster.yaml")).unwrap()
}

/// The settings in an agent's drop-in, below its header.
fn drop_in_settings(sections: &str, agent: &str) -> Option<String> {
    let roster = roster(sections, agent);
    let text = agent_drop_in(&roster.settings(&roster.agents[0]))?;
    let (header, settings) = text.split_once("[Service]\n").unwrap();
    assert!(header.starts_with('#') && settings.ends_with('\n'), "{text}");
    Some(settings.trim_end().replace('\n', " "))
}

#[test]
fn an_agent_drop_in_has_restart_policy_limits_and_watchdog() {
    let interval = |seconds: &str| format!("defaults: {{heartbeat_interval: {seconds}}}");
    let table = [
        ("", "", None),
        ("", "    restart: on-failure\n    limits: {}\n", None),
        (&*interval("15"), "", None),
        ("", "    restart: no\n", Some("Restart=no")),
        (
            "",
            "    limits: {memory_max: 2G, cpu_quota: 150%, tasks_max: 10%}\n",
            Some("MemoryMax=2G CPUQuota=150% TasksMax=10%"),
        ),
        ("", "    limits: {tasks_max: infinity}\n", Some("TasksMax=infinity")),
        (&interval("30"), "", Some("WatchdogSec=90s")),
        (&interval("7.5"), "", Some("WatchdogSec=22500ms")),
        // A short delay on a busy host must not get a sidecar killed.
        (&interval("0.5"), "", Some("WatchdogSec=10s")),
    ];
    for (sections, agent, expected) in table {
        assert_eq!(drop_in_settings(sections, agent).as_deref(), expected, "{sections} {agent}");
    }
}

#[test]
fn an_agent_that_is_always_restarted_has_no_start_limit() {
    let roster = roster("", "    restart: always\n");
    let text = agent_drop_in(&roster.settings(&roster.agents[0])).unwrap();
    assert!(text.ends_with("lost.\n[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\n"), "{text}");
}

#[test]
fn a_holder_drop_in_sets_another_socket_and_session() {
    assert_eq!(holder_drop_in(&roster("", "")), None);
    assert_eq!(holder_drop_in(&roster("tmux: {socket_name: mosaic-factory, holder_session: _holder}", "")), None);
    let text = holder_drop_in(&roster("tmux: {socket_name: other, holder_session: _keep}", "")).unwrap();
    assert!(
        text.ends_with("[Service]\nEnvironment=MOSAIC_TMUX_SOCKET=other\nEnvironment=MOSAIC_HOLDER_SESSION=_keep\n")
    );
}
