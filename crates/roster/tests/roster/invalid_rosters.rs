//! The complete error message of every kind of invalid roster.

use std::fmt::Write;
use std::path::Path;

use mosaic_roster::Roster;

/// A roster of one agent that has these additional lines.
fn agent(lines: &str) -> String {
    format!("version: 1\nagents:\n  - name: coder0\n    class: implementer\n{lines}")
}

/// A valid list of agents below these lines.
fn above(lines: &str) -> String {
    format!("{lines}agents:\n  - name: coder0\n    class: implementer\n")
}

fn message(text: &str) -> String {
    Roster::parse(text, Path::new("/home/u/.config/mosaic/fleet/roster.yaml")).unwrap_err().to_string()
}

#[test]
fn every_error_has_a_position_and_says_what_to_do() {
    let two = |lines: &str| agent(&format!("  - name: coder1\n    class: implementer\n{lines}"));
    let cases: Vec<(&str, String)> = vec![
        ("empty_file", String::new()),
        ("only_comments", "# nothing yet\n\n".to_owned()),
        ("top_level_list", "- name: coder0\n".to_owned()),
        ("top_level_string", "roster\n".to_owned()),
        ("missing_version", "agents: []\n".to_owned()),
        ("wrong_version", above("version: 2\n")),
        ("version_in_quotes", above("version: \"1\"\n")),
        ("version_with_a_decimal_point", above("version: 1.0\n")),
        ("missing_agents", "version: 1\n".to_owned()),
        ("agents_without_value", "version: 1\nagents:\n".to_owned()),
        ("agents_as_mapping", "version: 1\nagents:\n  coder0:\n    class: implementer\n".to_owned()),
        ("agent_is_a_string", "version: 1\nagents:\n  - coder0\n".to_owned()),
        ("unknown_key_at_the_top_level", above("version: 1\nagent: []\n")),
        ("unknown_key_in_tmux", above("version: 1\ntmux:\n  socket: mosaic-factory\n")),
        ("unknown_key_in_defaults", above("version: 1\ndefaults:\n  heartbeat: 15\n")),
        ("unknown_key_in_a_runtime", above("version: 1\nruntimes:\n  claude:\n    cmd: claude\n")),
        ("unknown_key_in_an_agent", agent("    clas: reviewer\n")),
        ("unknown_key_in_limits", agent("    limits:\n      MemoryMax: 2G\n")),
        ("unknown_key_without_suggestion", agent("    zzz: 1\n")),
        ("duplicate_key", agent("    runtime: claude\n    model_hint: opus\n    # later\n    runtime: codex\n")),
        ("duplicate_section", above("version: 1\ntmux:\n  socket_name: a\ntmux:\n  socket_name: b\n")),
        ("duplicate_name", two("  - name: coder0\n    class: reviewer\n")),
        ("missing_name", "version: 1\nagents:\n  - class: implementer\n".to_owned()),
        ("invalid_name", "version: 1\nagents:\n  - name: coder 0\n    class: implementer\n".to_owned()),
        ("name_is_a_number", "version: 1\nagents:\n  - name: 007\n    class: implementer\n".to_owned()),
        ("name_is_a_list", "version: 1\nagents:\n  - name: [a, b]\n    class: implementer\n".to_owned()),
        ("invalid_class", agent("").replace("implementer", "final reviewer")),
        ("class_without_value", agent("").replace("class: implementer", "class:")),
        ("persona_in_quotes", agent("    persistent_persona: \"yes\"\n")),
        ("reset_is_a_string", agent("    reset_between_tasks: yes\n")),
        ("reset_in_quotes", agent("    reset_between_tasks: \"true\"\n")),
        ("invalid_restart", agent("    restart: never\n")),
        ("restart_is_false", agent("    restart: false\n")),
        ("wrong_transport", above("version: 1\ntransport: screen\n")),
        ("default_socket", above("version: 1\ntmux:\n  socket_name: default\n")),
        ("socket_is_a_path", above("version: 1\ntmux:\n  socket_name: /tmp/tmux.sock\n")),
        ("invalid_holder_session", above("version: 1\ntmux:\n  holder_session: \"a:b\"\n")),
        ("holder_is_an_agent", above("version: 1\ntmux:\n  holder_session: coder0\n")),
        ("interval_in_quotes", above("version: 1\ndefaults:\n  heartbeat_interval: \"15\"\n")),
        ("interval_with_unit", above("version: 1\ndefaults:\n  heartbeat_interval: 15s\n")),
        ("interval_zero", above("version: 1\ndefaults:\n  heartbeat_interval: 0\n")),
        ("interval_infinite", above("version: 1\ndefaults:\n  heartbeat_interval: .inf\n")),
        ("relative_directory", agent("    working_directory: src/project\n")),
        ("home_of_another_user", agent("    working_directory: ~bob/src\n")),
        ("tilde_alone", agent("    working_directory: ~\n")),
        ("command_with_line_break", agent("    command: |\n      cd /tmp\n      claude\n")),
        ("command_with_nul", agent("    command: \"claude\\0\"\n")),
        ("command_empty", agent("    command: \"\"\n")),
        ("unknown_runtime", agent("    runtime: cluade\n")),
        ("runtime_without_command", above("version: 1\nruntimes:\n  mine:\n    reset_command: /new\ndefaults:\n  runtime: mine\n")),
        ("invalid_runtime_name", above("version: 1\nruntimes:\n  my agent:\n    command: x\n")),
        ("runtime_is_a_string", above("version: 1\nruntimes:\n  mine: ./run\n")),
        ("invalid_memory_max", agent("    limits: { memory_max: 2 GB }\n")),
        ("memory_zero", agent("    limits: { memory_max: 0 }\n")),
        ("negative_memory", agent("    limits: { memory_max: -1 }\n")),
        ("cpu_without_percent_sign", agent("    limits: { cpu_quota: 150 }\n")),
        ("invalid_cpu_quota", agent("    limits: { cpu_quota: \"1.5\" }\n")),
        ("invalid_tasks_max", agent("    limits: { tasks_max: many }\n")),
        ("tabs", "version: 1\nagents:\n\t- name: coder0\n".to_owned()),
        ("invalid_indentation", "version: 1\nagents:\n  - name: coder0\n   class: implementer\n".to_owned()),
        ("unclosed_quote", agent("    command: \"claude\n")),
        ("unclosed_bracket", "{\"version\": 1, \"agents\": [\n".to_owned()),
        ("extra_colon", agent("    command: claude: now\n")),
        ("two_documents", above("version: 1\n") + "---\nversion: 1\nagents: []\n"),
        ("tag", agent("    model_hint: !!str 5\n")),
        ("unknown_alias", agent("    runtime: *claude\n")),
        ("merge_key", agent("    <<: { runtime: claude }\n")),
        ("recursive_alias", "version: 1\nagents: &a\n  - *a\n".to_owned()),
        ("long_line", format!("version: 1\nagents: [{{name: a, command: {}, clas: reviewer, model_hint: {}}}]\n", "x".repeat(500), "y".repeat(500))),
        ("column_after_wide_characters", "version: 1\nagents: [{name: é, class: implementer}]\n".to_owned()),
        ("column_after_byte_order_mark", "\u{feff}vershun: 1\nagents: []\n".to_owned()),
        ("crlf_line_ends", agent("    clas: reviewer\n").replace('\n', "\r\n")),
        ("alias_of_the_wrong_type", "version: 1\nagents:\n  - name: a\n    class: reviewer\n    limits: &l { tasks_max: 5 }\n  - name: b\n    class: *l\n".to_owned()),
    ];
    assert!(cases.len() >= 30);
    for (name, text) in cases {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, message(&text));
        });
    }
}

#[test]
fn arbitrary_input_is_refused_quickly_and_without_a_panic() {
    // An alias bomb: each level repeats the level before ten times.
    let mut bomb = "version: 1\nagents: &a0 [x]\n".to_owned();
    for level in 1..20 {
        let _ = writeln!(bomb, "k{level}: &a{level} [{}]", vec![format!("*a{}", level - 1); 10].join(", "));
    }
    let garbage: String =
        (0..1_000_000_u32).map(|at| char::from(32 + (at.wrapping_mul(2_654_435_761) >> 25) as u8 % 95)).collect();
    let nested = format!("version: 1\nagents: {}", "[".repeat(100_000));
    let keys = (0..300_000).map(|key| format!("k{key}: 1\n")).collect::<Vec<_>>().concat();
    for text in [&bomb, &garbage, &nested, &keys, &"x".repeat(5 << 20), &"\0".repeat(100), &"- ".repeat(50_000)] {
        let message = message(text);
        assert!(message.starts_with("/home/u/.config/mosaic/fleet/roster.yaml:"), "{message}");
        assert!(message.len() < 1000, "{message}");
        assert!(!message.contains(|character: char| character.is_control() && character != '\n'), "{message:?}");
    }
}
