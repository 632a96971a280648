//! The meaning of valid rosters, and the errors of files that cannot be read.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use mosaic_roster::{
    Class, PersistentPersona, RestartPolicy, Roster, RosterError, RosterWarning, SeveralOrchestrators,
};

fn parse(text: &str) -> Roster {
    Roster::parse(text, Path::new("roster.yaml")).unwrap()
}

const EVERYTHING: &str = r#"
version: 1
transport: tmux
tmux:
  socket_name: my-fleet
  holder_session: _hold
  working_directory: /srv
defaults:
  runtime: codex
  working_directory: ~/src
  heartbeat_interval: 0.5
runtimes:
  codex:
    command: codex --yolo
    reset_command: /new
  mine:
    command: /opt/mine "a b" $HOME
agents:
- name: mos
  runtime: claude
  class: orchestrator
  working_directory: "~"
  command: claude --continue
  model_hint: opus
  persistent_persona: semi
  reset_between_tasks: true
  kickstart_template: |
    You are {name}.
    Begin.
  restart: no
  limits: { memory_max: 2G, cpu_quota: 150%, tasks_max: 500 }
- name: coder0
  class: coder
- name: other
  class: poet
  runtime: mine
  persistent_persona: true
  restart: always
  limits:
    memory_max: 2147483648
    tasks_max: 10%
"#;

#[test]
fn every_key_is_read_and_defaults_fill_in_missing_ones() {
    let roster = parse(EVERYTHING);
    let mos = roster.settings(roster.agent("mos").unwrap());
    assert_eq!(
        (mos.runtime.as_str(), mos.socket.as_str(), mos.holder_session.as_str()),
        ("claude", "my-fleet", "_hold")
    );
    assert_eq!((mos.command.as_deref(), mos.reset_command.as_deref()), (Some("claude --continue"), None));
    assert_eq!((mos.working_directory.as_deref(), mos.model_hint.as_deref()), (Some("~"), Some("opus")));
    assert_eq!((mos.persistent_persona, mos.reset_between_tasks), (PersistentPersona::Semi, true));
    assert_eq!(
        (mos.restart, mos.kickstart_template.as_deref()),
        (RestartPolicy::No, Some("You are {name}.\nBegin.\n"))
    );
    let limits = [mos.limits.memory_max.unwrap().to_string(), mos.limits.cpu_quota.unwrap().to_string()];
    assert_eq!((limits, mos.limits.tasks_max.unwrap().to_string().as_str()), (["2G".into(), "150%".into()], "500"));

    let coder = roster.settings(roster.agent("coder0").unwrap());
    assert_eq!((coder.runtime.as_str(), coder.class), ("codex", Class::Implementer));
    assert_eq!((coder.command.as_deref(), coder.reset_command.as_deref()), (Some("codex --yolo"), Some("/new")));
    assert_eq!(coder.working_directory.as_deref(), Some("~/src"));
    assert_eq!((coder.interval.unwrap().to_string().as_str(), coder.restart), ("0.5", RestartPolicy::OnFailure));
    assert!(coder.limits.is_empty());

    let other = roster.settings(roster.agent("other").unwrap());
    assert_eq!((other.class.as_str(), other.command.as_deref()), ("poet", Some("/opt/mine \"a b\" $HOME")));
    assert_eq!(other.limits.memory_max.unwrap().to_string(), "2147483648");
}

#[test]
fn the_last_defaults_are_those_of_the_launcher() {
    let roster = parse("version: 1\nagents:\n  - name: a\n    class: canary\n");
    let settings = roster.settings(&roster.agents[0]);
    assert_eq!((settings.runtime.as_str(), settings.socket.as_str()), ("pi", "mosaic-factory"));
    assert_eq!(settings.holder_session.as_str(), "_holder");
    assert_eq!((settings.command, settings.working_directory, settings.interval), (None, None, None));
}

#[test]
fn json_and_other_yaml_styles_are_equivalent() {
    let expected = parse("version: 1\nagents:\n  - name: a\n    class: canary\n    limits: {tasks_max: 5}\n");
    for text in [
        r#"{"version": 1, "agents": [{"name": "a", "class": "canary", "limits": {"tasks_max": 5}}]}"#,
        "\u{feff}version: 1\nagents:\n- {name: a, class: canary, limits: {tasks_max: 5}}\n",
        "---\nversion: 1\r\nagents:\r\n-\r\n  # which\r\n  name: 'a'\r\n  class: \"canary\"\r\n  limits:\r\n    tasks_max: 5\r\n...\r\n",
        "version: 1\nagents:\n  - name: &n a\n    class: canary\n    limits:\n      tasks_max: 5",
    ] {
        assert_eq!(parse(text), expected, "{text}");
    }
}

#[test]
fn every_known_class_parses_from_its_own_spelling() {
    for class in Class::KNOWN {
        assert_eq!(class.as_str().parse(), Ok(class));
    }
}

#[test]
fn a_fleet_has_at_most_one_orchestrator() {
    let fleet = |classes: &[&str]| {
        let agents: Vec<String> =
            classes.iter().enumerate().map(|(at, class)| format!("{{name: a{at}, class: {class}}}")).collect();
        parse(&format!("version: 1\nagents: [{}]\n", agents.join(", "))).check_orchestrators()
    };
    let several = SeveralOrchestrators { names: vec!["a0".parse().unwrap(), "a2".parse().unwrap()] };
    assert_eq!(fleet(&[]), Ok(()));
    assert_eq!(fleet(&["canary"]), Ok(()));
    assert_eq!(fleet(&["canary", "orchestrator"]), Ok(()));
    assert_eq!(fleet(&["canary", "reviewer"]), Ok(()));
    assert_eq!(fleet(&["orchestrator", "canary", "orchestrator"]), Err(several));
}

#[test]
fn an_agent_without_a_class_is_a_worker() {
    for text in [
        "version: 1\nagents:\n- name: a\n- {name: b, class: worker}\n",
        r#"{"version": 1, "transport": "tmux", "agents": [{"name": "a"}, {"name": "b", "class": "worker"}]}"#,
    ] {
        let roster = parse(text);
        assert!(roster.agents.iter().all(|agent| agent.class == Class::Worker), "{text}");
        assert_eq!(roster.warnings(), []);
    }
}

#[test]
fn probable_mistakes_are_warnings() {
    let roster = parse("version: 1\nagents:\n- {name: a, class: reviwer}\n- {name: b, class: poet}\n");
    let warnings: Vec<String> = roster.warnings().iter().map(RosterWarning::to_string).collect();
    assert_eq!(
        warnings,
        [
            "agent a has the class 'reviwer', which is not in the role library; did you mean 'reviewer'?",
            "agent b has the class 'poet', which is not in the role library",
        ]
    );
    assert_eq!(parse("version: 1\nagents: []\n").warnings(), [RosterWarning::NoAgents]);
    assert_eq!(parse(EVERYTHING).warnings().len(), 1);
}

#[test]
fn similar_names_are_listed_best_match_first() {
    let roster = parse(&mosaic_roster::Preset::SoftwareFactory.text());
    let similar =
        |name: &str| roster.similar_names(name).into_iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(similar("codr0")[0], "coder0");
    assert_eq!(similar("Ultron"), ["ultron"]);
    assert_eq!(similar("coder9").len(), 3);
    assert!(similar("zzzzzz").is_empty());
}

#[test]
fn an_unreadable_file_is_an_error_with_its_cause() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("roster.yaml");
    let load = || Roster::load(&path).unwrap_err();

    assert!(matches!(load(), RosterError::NotFound { .. }));
    assert!(load().to_string().contains("mosaic fleet init"));

    fs::create_dir(&path).unwrap();
    assert!(matches!(load(), RosterError::Unreadable { .. }));
    assert!(load().to_string().contains("directory"), "{}", load());
    fs::remove_dir(&path).unwrap();

    symlink(&path, &path).unwrap();
    assert!(matches!(load(), RosterError::Unreadable { .. }));
    fs::remove_file(&path).unwrap();

    fs::write(&path, b"version: 1\nagents:\n  - name: coder\xff0\n").unwrap();
    let message = load().to_string();
    assert!(message.contains(":3:16: the byte 0xff is not valid UTF-8"), "{message}");

    fs::write(&path, vec![b'#'; 6 << 20]).unwrap();
    assert!(load().to_string().contains("the limit is 4194304"), "{}", load());

    fs::write(&path, EVERYTHING).unwrap();
    assert_eq!(Roster::load(&path).unwrap(), parse(EVERYTHING));
}

#[test]
fn a_profile_beside_the_roster_makes_a_runtime_known() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("roster.yaml");
    let text = "version: 1\ntransport: tmux\nagents:\n  - {name: coder0, class: implementer, runtime: mine}\n";
    fs::write(&path, text).unwrap();
    let error = Roster::load(&path).unwrap_err().to_string();
    assert!(error.contains("the runtime mine of agent coder0 has no command"), "{error}");
    fs::create_dir(directory.path().join("runtimes")).unwrap();
    fs::write(directory.path().join("runtimes/mine.yaml"), "version: 1\n").unwrap();
    assert_eq!(Roster::load(&path).unwrap().agents.len(), 1);
}
