//! Edits preserve every other byte of a roster.

use std::path::Path;

use mosaic_domain::AgentName;
use mosaic_roster::{Class, EditError, NewAgent, Preset, Roster, add_agent, remove_agent, set_value};
use proptest::prelude::*;

const FLEET: &str = "\
# Our fleet.
version: 1   # for now

agents:
  # Hands out the work.
  - name: mos
    class: orchestrator   # exactly one
    # restart: always

  # These two write code.

  # The first.
  - name: coder0
    class: implementer
    limits:
      memory_max: 2G
      # tasks_max: 500
  - class: implementer
    name: coder1
    kickstart_template: |
      You write code.

      # This is no comment.

  # - name: coder2
# The end.
";

fn path() -> &'static Path {
    Path::new("roster.yaml")
}

fn name(text: &str) -> AgentName {
    text.parse().unwrap()
}

fn coder(text: &str) -> NewAgent {
    NewAgent::new(name(text), Class::Implementer)
}

fn add(text: &str, agent: &NewAgent) -> String {
    add_agent(text, agent, path()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn remove(text: &str, agent: &str) -> String {
    remove_agent(text, &name(agent), path()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn refused(outcome: Result<String, EditError>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn an_added_agent_is_last_and_has_the_given_settings() {
    let agent = NewAgent {
        runtime: Some("codex".parse().unwrap()),
        working_directory: Some("~/src/my project".to_owned()),
        command: Some("codex --say \"hi\" \\ # $HOME: é".to_owned()),
        model_hint: Some("true".to_owned()),
        ..coder("coder2")
    };
    let expected = FLEET.replace(
        "      # This is no comment.\n",
        "      # This is no comment.
  - name: coder2
    runtime: codex
    class: implementer
    working_directory: \"~/src/my project\"
    command: \"codex --say \\\"hi\\\" \\\\ # $HOME: é\"
    model_hint: \"true\"
",
    );
    assert_eq!(add(FLEET, &agent), expected);
}

#[test]
fn removing_an_agent_removes_its_comments_and_no_others() {
    let without_coder0 = FLEET.replace(
        "  # The first.
  - name: coder0
    class: implementer
    limits:
      memory_max: 2G
      # tasks_max: 500
",
        "",
    );
    assert_eq!(remove(FLEET, "coder0"), without_coder0);
    let without_coder1 = FLEET.replace(
        "  - class: implementer
    name: coder1
    kickstart_template: |
      You write code.

      # This is no comment.
",
        "",
    );
    assert_eq!(remove(FLEET, "coder1"), without_coder1);
}

#[test]
fn agents_are_added_and_removed_in_every_block_style() {
    let table = [
        ("version: 1\nagents: []\n", "version: 1\nagents:\n  - name: a\n    class: canary\n"),
        ("version: 1\nagents: []", "version: 1\nagents:\n  - name: a\n    class: canary"),
        ("agents: []  # none\nversion: 1\n", "agents:  # none\n  - name: a\n    class: canary\nversion: 1\n"),
        ("version: 1\r\nagents: []\r\n", "version: 1\r\nagents:\r\n  - name: a\r\n    class: canary\r\n"),
        ("\u{feff}agents: []\nversion: 1\n", "\u{feff}agents:\n  - name: a\n    class: canary\nversion: 1\n"),
        ("---\nversion: 1\nagents: []\n...\n", "---\nversion: 1\nagents:\n  - name: a\n    class: canary\n...\n"),
        ("  version: 1\n  agents: []\n", "  version: 1\n  agents:\n    - name: a\n      class: canary\n"),
        (
            "version: 1\nagents:\n- name: m\n  class: orchestrator",
            "version: 1\nagents:\n- name: m\n  class: orchestrator\n- name: a\n  class: canary",
        ),
        (
            "version: 1\nagents:\n    -   name: m\n        class: orchestrator\n",
            "version: 1\nagents:\n    -   name: m\n        class: orchestrator\n    - name: a\n      class: canary\n",
        ),
        (
            "version: 1\nagents:\n  - {name: m,\n     class: orchestrator}  # brackets\n",
            "version: 1\nagents:\n  - {name: m,\n     class: orchestrator}  # brackets\n  - name: a\n    class: canary\n",
        ),
        (
            "version: 1\nagents:\n  -\n    # who\n    name: m\n    class: orchestrator\n\ntmux: {}\n",
            "version: 1\nagents:\n  -\n    # who\n    name: m\n    class: orchestrator\n  - name: a\n    class: canary\n\ntmux: {}\n",
        ),
        (
            "version: 1\nagents:\n  - &m\n    name: m\n    class: orchestrator\ndefaults: {}\n",
            "version: 1\nagents:\n  - &m\n    name: m\n    class: orchestrator\n  - name: a\n    class: canary\ndefaults: {}\n",
        ),
        (
            "version: 1\nagents:\n  - name: m\n    class: orchestrator\n    command: >-\n      a\n      b\n\n\n",
            "version: 1\nagents:\n  - name: m\n    class: orchestrator\n    command: >-\n      a\n      b\n  - name: a\n    class: canary\n\n\n",
        ),
    ];
    for (text, expected) in table {
        let added = add(text, &NewAgent::new(name("a"), Class::Canary));
        assert_eq!(added, expected);
        assert_eq!(remove(&added, "a"), text);
    }
    // The item begins below its dash, with a comment between.
    let text = "version: 1\nagents:\n  -\n    # who\n    name: m\n    class: orchestrator\n";
    assert_eq!(remove(text, "m"), "version: 1\nagents: []\n");
}

#[test]
fn unsupported_styles_are_refused() {
    let json = r#"{"version": 1, "agents": [{"name": "m", "class": "orchestrator"}]}"#;
    let flow = "version: 1\nagents: [{name: m, class: orchestrator}, {name: a, class: canary}]\n";
    for text in [json, flow] {
        let error = refused(add_agent(text, &coder("coder0"), path()));
        assert!(error.contains("edit the file by hand"), "{error}");
        let error = refused(remove_agent(text, &name("m"), path()));
        assert!(!error.is_empty());
    }
    let anchored = "version: 1\nagents:\n- name: m\n  class: orchestrator\n- name: a\n  class: &c canary\n- name: b\n  class: *c\n";
    let error = refused(remove_agent(anchored, &name("a"), path()));
    assert!(error.starts_with("cannot remove the agent a, because the result is not a valid roster: "), "{error}");
}

#[test]
fn an_existing_or_unknown_agent_is_an_error_with_its_position() {
    let error = add_agent(FLEET, &coder("coder1"), path()).unwrap_err();
    assert_eq!(error.to_string(), "agent coder1 is already in the roster (roster.yaml:18)");
    assert!(matches!(error, EditError::AgentExists { .. }));
    let error = remove_agent(FLEET, &name("codr0"), path()).unwrap_err();
    assert_eq!(error.to_string(), "agent codr0 is not in the roster roster.yaml; did you mean coder0 or coder1?");
    let unknown = NewAgent { runtime: Some("cluade".parse().unwrap()), ..coder("x") };
    let error = refused(add_agent(FLEET, &unknown, path()));
    assert!(error.contains("the runtime cluade of agent x has no command"), "{error}");
    let relative = NewAgent { working_directory: Some("src".to_owned()), ..coder("x") };
    assert!(refused(add_agent(FLEET, &relative, path())).contains("is a relative path"));
    let broken = NewAgent { command: Some("a\nb".to_owned()), ..coder("x") };
    assert!(refused(add_agent(FLEET, &broken, path())).contains("line break"));
}

#[test]
fn an_edit_never_breaks_the_orchestrator_rule() {
    let boss = |text: &str| NewAgent::new(name(text), Class::Orchestrator);
    assert_eq!(
        refused(add_agent(FLEET, &boss("mos2"), path())),
        "cannot add the agent mos2: mos and mos2 are orchestrators: only one agent can have `class: orchestrator`"
    );
    // A fleet needs no orchestrator.
    let minimal = Preset::Minimal.text();
    let two = add(&minimal, &coder("coder1"));
    let three = add(&two, &boss("mos"));
    assert_eq!(remove(&remove(&three, "mos"), "coder1"), minimal);
    // A roster that already breaks the rule can be edited.
    let broken = "version: 1\nagents:\n- {name: a, class: canary}\n- {name: b, class: canary}\n";
    assert_eq!(add(&add(broken, &coder("c")), &boss("mos")).lines().count(), 8);
    assert_eq!(remove(broken, "b"), "version: 1\nagents:\n- {name: a, class: canary}\n");
}

#[test]
fn names_that_yaml_would_read_as_another_type_are_quoted() {
    for odd in ["123", "1e3", "0x1F", "true", "null", "no", "y", "off", "NULL"] {
        let added = add("version: 1\nagents: []\n", &coder(odd));
        assert!(added.contains(&format!("- name: \"{odd}\"\n")), "{added}");
        assert_eq!(remove(&added, odd), "version: 1\nagents: []\n");
    }
}

#[test]
fn a_value_is_set_in_place_and_missing_keys_are_added() {
    let set = |text: &str, key: &[&str], value: &str| set_value(text, key, value, path()).unwrap();
    let text = "version: 1\ntmux:\n  socket_name: a   # ours\n\n# The agents.\nagents: []\n";
    assert_eq!(set(text, &["tmux", "socket_name"], "b"), text.replace(": a ", ": b "));
    assert_eq!(set(text, &["tmux", "socket_name"], "a"), text);
    assert_eq!(
        set(text, &["tmux", "working_directory"], "/srv/my files"),
        text.replace("# ours\n", "# ours\n  working_directory: \"/srv/my files\"\n")
    );
    assert_eq!(
        set(text, &["defaults", "heartbeat_interval"], "30"),
        text.replace("# The agents.", "defaults:\n  heartbeat_interval: 30\n\n# The agents.")
    );
    let json = r#"{"version": 1, "defaults": {"runtime": "pi"}, "tmux": {}, "agents": []}"#;
    assert_eq!(set(json, &["defaults", "runtime"], "codex"), json.replace("\"pi\"", "\"codex\""));
    let table = [
        ("version: 1\r\nagents: []", "version: 1\r\ndefaults:\r\n  runtime: pi\r\nagents: []"),
        ("version: 1\ndefaults: {}  # none\nagents: []\n", "version: 1\ndefaults: {runtime: pi}  # none\nagents: []\n"),
        (
            "version: 1\nagents: []\ndefaults:\n    heartbeat_interval: 5",
            "version: 1\nagents: []\ndefaults:\n    heartbeat_interval: 5\n    runtime: pi",
        ),
        (
            "version: 1\nagents: []\ndefaults: {runtime: 'x'}\nruntimes: {x: {command: y}}\n",
            "version: 1\nagents: []\ndefaults: {runtime: pi}\nruntimes: {x: {command: y}}\n",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(set(text, &["defaults", "runtime"], "pi"), expected);
    }
    let set = |key: &[&str], value: &str| refused(set_value(text, key, value, path()));
    assert!(set(&["tmux", "socket"], "b").contains("unknown key `socket`"));
    assert!(set(&["tmux", "socket_name"], "default").contains("the result is not a valid roster"));
    assert!(set(&["defaults", "heartbeat_interval"], "5, x: y").contains("the result is not a valid roster"));
    assert!(set(&["agents", "x"], "b").contains("without rewriting other lines"));
    assert!(set(&["version"], "2").contains("the key is not in a section"));
}

#[test]
fn values_can_be_set_in_every_preset() {
    for preset in Preset::ALL {
        let text = preset.text();
        let set = set_value(&text, &["defaults", "working_directory"], "/srv", path()).unwrap();
        let set = set_value(&set, &["tmux", "socket_name"], "other", path()).unwrap();
        let set = set_value(&set, &["defaults", "runtime"], "codex", path()).unwrap();
        let roster = Roster::parse(&set, path()).unwrap();
        assert_eq!(roster.tmux.socket_name.as_str(), "other");
        assert_eq!(roster.defaults.working_directory.as_deref(), Some("/srv"));
    }
}

/// The lines of an agent in one of several styles.
fn entry(at: usize, column: usize) -> impl Strategy<Value = String> {
    let indent = " ".repeat(column);
    let class = if at == 0 { "orchestrator" } else { "implementer" };
    let above = prop_oneof![Just(""), Just("# about it\n"), Just("\n"), Just("\n# of the group\n\n# about it\n")];
    let body = prop_oneof![
        Just(format!("- name: a{at}\n  class: {class}\n")),
        Just(format!("- class: {class}   # role\n  # inside\n  name: 'a{at}'\n  # below\n")),
        Just(format!("- {{name: a{at}, class: {class}}} # short\n")),
        Just(format!("-\n  name: a{at}\n  limits:\n    tasks_max: 5\n  class: {class}\n")),
        Just(format!("- name: a{at}\n  class: {class}\n  kickstart_template: |\n    run\n\n    # me\n")),
        Just(format!("- name: a{at}\n  class: {class}\n  kickstart_template: \"x\n    # y\"\n")),
    ];
    (above, body).prop_map(move |(above, body)| {
        let lines = format!("{above}{body}");
        lines.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") }).collect()
    })
}

fn fleet() -> impl Strategy<Value = String> {
    let entries = (0_usize..4, prop_oneof![Just(0), Just(2), Just(3)])
        .prop_flat_map(|(count, column)| (0..count).map(|at| entry(at, column)).collect::<Vec<_>>());
    let after = prop_oneof![
        Just(""),
        Just("\n"),
        Just("# end\n"),
        Just("\n\ndefaults:\n  runtime: pi\n"),
        Just("  # - name: x\n")
    ];
    (entries, after, prop_oneof![Just("\n"), Just("\r\n")], any::<bool>()).prop_map(|(entries, after, end, cut)| {
        let list = if entries.is_empty() { " []\n".to_owned() } else { format!(" # who\n{}", entries.concat()) };
        let text = format!("# top\nversion: 1\nagents:{list}{after}").replace('\n', end);
        if cut { text.strip_suffix(end).unwrap().to_owned() } else { text }
    })
}

/// Whether `left` is `text` without some of its lines.
fn is_left_of(left: &str, text: &str) -> bool {
    let mut lines = text.lines();
    left.lines().all(|line| lines.any(|other| other == line))
}

proptest! {
    #[test]
    fn adding_and_removing_restores_the_bytes(text in fleet()) {
        let added = add(&text, &coder("added"));
        prop_assert_eq!(remove(&added, "added"), text);
    }

    #[test]
    fn removing_an_agent_changes_no_other_line(text in fleet()) {
        let roster = Roster::parse(&text, path()).unwrap();
        for agent in &roster.agents {
            let left = remove(&text, agent.name.as_str());
            if roster.agents.len() > 1 {
                prop_assert!(is_left_of(&left, &text), "{}\n---\n{}", text, left);
            }
        }
    }

    #[test]
    fn no_text_makes_an_edit_panic(text in "(version: 1\n|agents:|- name: a\n|  class: orchestrator\n|[ -~]|\n|#|\\[\\]|\t|é|\r){0,30}") {
        let _ = add_agent(&text, &coder("added"), path());
        let _ = remove_agent(&text, &name("a"), path());
        let _ = set_value(&text, &["tmux", "socket_name"], "x", path());
    }
}
