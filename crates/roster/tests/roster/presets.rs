//! The presets and the JSON Schema.

use std::fs;
use std::path::Path;

use mosaic_roster::{Class, Preset, Roster, SCHEMA, json_schema};
use serde_json::{Value, json};

fn parse(preset: Preset) -> Roster {
    Roster::parse(&preset.text(), Path::new(preset.name())).unwrap_or_else(|error| panic!("{error}"))
}

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap()
}

/// `UPDATE=1 cargo test -p mosaic-roster --test roster schema` regenerates the file.
#[test]
fn the_shipped_schema_is_generated_from_the_types() {
    if std::env::var_os("UPDATE").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../framework/fleet/roster.schema.json");
        fs::write(path, json_schema()).unwrap();
    } else {
        assert!(json_schema() == SCHEMA, "roster.schema.json is out of date: run this test with UPDATE=1");
    }
}

#[test]
fn every_preset_is_valid_and_has_an_orchestrator_and_an_enhancer() {
    for preset in Preset::ALL {
        let roster = parse(preset);
        assert_eq!(roster.warnings(), [], "{preset}");
        let enhancers = roster.agents.iter().filter(|agent| agent.class == Class::Enhancer).count();
        let expected = if preset == Preset::Minimal { (1, 0, 0) } else { (roster.agents.len(), 1, 1) };
        assert_eq!((roster.agents.len(), roster.orchestrators().len(), enhancers), expected, "{preset}");
        assert_eq!(preset.name().parse(), Ok(preset));
    }
    assert!("factory".parse::<Preset>().unwrap_err().to_string().contains("software-factory"));
}

#[test]
fn the_software_factory_has_its_thirteen_agents() {
    let roster = parse(Preset::SoftwareFactory);
    let mut names: Vec<(&str, &str)> =
        roster.agents.iter().map(|agent| (agent.name.as_str(), agent.class.as_str())).collect();
    names.sort_unstable();
    let expected = [
        ("coder0", "implementer"),
        ("coder1", "implementer"),
        ("coder2", "implementer"),
        ("coder3", "implementer"),
        ("coder4", "implementer"),
        ("coder5", "implementer"),
        ("enhance", "enhancer"),
        ("mos-claude", "orchestrator"),
        ("rev0", "reviewer"),
        ("rev1", "reviewer"),
        ("secrev0", "security_reviewer"),
        ("secrev1", "security_reviewer"),
        ("ultron", "final_reviewer"),
    ];
    assert_eq!(names, expected);
    assert_eq!(roster.settings(roster.agent("mos-claude").unwrap()).runtime.as_str(), "claude");
}

#[test]
fn an_installed_preset_refers_to_the_schema_beside_it() {
    for preset in Preset::ALL {
        let text = preset.text();
        assert_eq!(text.lines().next(), Some("# yaml-language-server: $schema=./roster.schema.json"), "{preset}");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../framework/fleet/presets/{preset}.yaml"));
        let source = fs::read_to_string(source).unwrap();
        assert_eq!(source.lines().next(), Some("# yaml-language-server: $schema=../roster.schema.json"), "{preset}");
    }
}

/// The parser and the schema accept the same rosters. The cases are JSON, which is valid YAML.
#[test]
fn the_schema_and_the_parser_agree() {
    let validator = validator();
    let with = |agent: Value| {
        let mut whole = json!({ "name": "a", "class": "canary" });
        whole.as_object_mut().unwrap().extend(agent.as_object().unwrap().clone());
        json!({ "version": 1, "agents": [whole] })
    };
    let top = |section: &str, value: Value| json!({ "version": 1, "agents": [{ "name": "a", "class": "canary" }], section: value });
    let mut cases = vec![
        json!({}),
        json!([]),
        json!({ "version": 1, "agents": [] }),
        json!({ "version": 2, "agents": [] }),
        json!({ "version": "1", "agents": [] }),
        json!({ "version": 1, "agents": null }),
        json!({ "version": 1, "agents": [{ "name": "a" }] }),
        json!({ "version": 1, "agents": [{ "class": "canary" }] }),
        top("transport", json!("tmux")),
        top("transport", json!("screen")),
        top("tmux", json!({})),
        top("tmux", json!(null)),
        top("tmux", json!({ "socket_name": "x.y", "holder_session": "_h", "working_directory": "/" })),
        top("tmux", json!({ "socket_name": "default" })),
        top("tmux", json!({ "socket_name": "a/b" })),
        top("tmux", json!({ "holder_session": "-h" })),
        top("defaults", json!({ "runtime": "pi", "heartbeat_interval": 0.5, "working_directory": "~" })),
        top("defaults", json!({ "heartbeat_interval": "15" })),
        top("defaults", json!({ "heartbeat_interval": 0 })),
        top("defaults", json!({ "heartbeat_interval": 86401 })),
        top("defaults", json!({ "interval": 15 })),
        top("runtimes", json!({ "mine": { "command": "x", "reset_command": "/new" }, "pi": {} })),
        top("runtimes", json!({ "my runtime": {} })),
        top("runtimes", json!({ "mine": { "cmd": "x" } })),
        top("runtimes", json!({ "mine": null })),
        top("other", json!(1)),
    ];
    let agents = [
        json!({ "name": "a b" }),
        json!({ "name": 1 }),
        json!({ "class": "final reviewer" }),
        json!({ "class": "coder" }),
        json!({ "class": "poet" }),
        json!({ "runtime": "claude", "command": "x", "model_hint": "opus", "kickstart_template": "a\n\tb" }),
        json!({ "runtime": null }),
        json!({ "command": "a\nb" }),
        json!({ "command": "" }),
        json!({ "kickstart_template": "a\u{7}" }),
        json!({ "working_directory": "~/x" }),
        json!({ "working_directory": "x" }),
        json!({ "working_directory": "~x" }),
        json!({ "working_directory": "" }),
        json!({ "persistent_persona": true }),
        json!({ "persistent_persona": "semi" }),
        json!({ "persistent_persona": "true" }),
        json!({ "reset_between_tasks": 1 }),
        json!({ "restart": "no" }),
        json!({ "restart": "never" }),
        json!({ "restart": false }),
        json!({ "restart": null }),
        json!({ "limits": { "memory_max": "2G", "cpu_quota": "150%", "tasks_max": 5 } }),
        json!({ "limits": { "memory_max": 1024, "tasks_max": "infinity" } }),
        json!({ "limits": { "memory_max": "1.5G", "tasks_max": "12.5%" } }),
        json!({ "limits": { "memory_max": "2 GB" } }),
        json!({ "limits": { "memory_max": 0 } }),
        json!({ "limits": { "memory_max": -5 } }),
        json!({ "limits": { "memory_max": 1.5 } }),
        json!({ "limits": { "cpu_quota": 150 } }),
        json!({ "limits": { "cpu_quota": "150" } }),
        json!({ "limits": { "tasks_max": "many" } }),
        json!({ "limits": { "pids": 5 } }),
        json!({ "limits": null }),
        json!({ "clas": "x" }),
    ];
    cases.extend(agents.map(with));
    for case in cases {
        let parsed = Roster::parse(&case.to_string(), Path::new("roster.json"));
        assert_eq!(validator.is_valid(&case), parsed.is_ok(), "{case}: {parsed:?}");
    }
}
