//! Tests of the grammar: which command lines are valid, and how invalid ones are refused.

use clap::{Command, CommandFactory};
use mosaic_exit_code::ExitCode;

use super::invocation::exit_code;
use super::{AgentCommand, Command as Typed, FleetCommand, Mosaic, parse};

/// Splits a line like a shell that knows only single quotes.
fn words(line: &str) -> Vec<std::ffi::OsString> {
    let parts = line.split('\'').enumerate();
    let marked: String =
        parts.map(|(nth, part)| if nth % 2 == 0 { part.replace(' ', "\0") } else { part.to_owned() }).collect();
    marked.split('\0').filter(|word| !word.is_empty()).map(Into::into).collect()
}

fn every_command(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
    for command in command.get_subcommands() {
        let path = format!("{path} {}", command.get_name());
        every_command(command, &path, found);
        found.push((path, command.clone()));
    }
}

fn commands() -> Vec<(String, Command)> {
    let mut root = Mosaic::command();
    root.build();
    let mut found = Vec::new();
    every_command(&root, "mosaic", &mut found);
    found.push(("mosaic".to_owned(), root));
    found
}

#[test]
fn clap_accepts_the_grammar() {
    Mosaic::command().debug_assert();
}

#[test]
fn help_of_every_command_has_a_summary_and_examples() {
    let commands = commands();
    assert!(commands.len() >= 33, "{}", commands.len());
    for (path, mut command) in commands {
        assert!(command.get_about().is_some(), "{path} has no summary");
        let help = command.render_long_help().to_string();
        let (_, after) = help.rsplit_once("Example").unwrap_or_else(|| panic!("{path} has no example:\n{help}"));
        assert!(after.contains(&format!("\n  {path}")) || after.contains("\n  mosaic "), "{path}:\n{after}");
    }
}

#[test]
fn examples_are_valid_command_lines() {
    for (path, command) in commands() {
        let after = command.get_after_help().unwrap().to_string();
        let examples =
            after.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| line.starts_with("mosaic"));
        for example in examples {
            // Pipes and redirections are for the shell.
            let typed = example.split(" | ").flat_map(|part| part.split(" && ")).flat_map(|part| part.split(" > "));
            for line in typed.filter(|line| line.starts_with("mosaic")) {
                let line = line.split("   ").next().unwrap();
                assert!(parse(words(line)).is_ok(), "{path}: {line}");
            }
        }
    }
}

#[test]
fn agent_report_is_recognized_in_invalid_command_lines() {
    for (line, is_one) in [
        ("mosaic agent report nonsense", true),
        ("/usr/bin/mosaic-agent report --nonsense", true),
        ("mosaic agent --mosaic-home report report nonsense", true),
        ("mosaic agent --roster=x report nonsense", true),
        ("mosaic agent --mosaic-home report", false),
        ("mosaic agent send report", false),
        ("mosaic report", false),
        ("mosaic agent", false),
    ] {
        assert_eq!(super::invocation::is_agent_report(words(line)), is_one, "{line}");
    }
}

#[test]
fn invalid_usage_exits_with_64_and_help_with_0() {
    let table = [
        ("mosaic", ExitCode::Usage),
        ("mosaic fleet", ExitCode::Usage),
        ("mosaic fleet nonsense", ExitCode::Usage),
        ("mosaic fleet ps --nonsense", ExitCode::Usage),
        ("mosaic fleet ps --watch never", ExitCode::Usage),
        ("mosaic fleet ps --watch 1 --json", ExitCode::Usage),
        ("mosaic fleet ps extra", ExitCode::Usage),
        ("mosaic fleet ps --prometheus http://h:9090 --watch", ExitCode::Usage),
        ("mosaic fleet verify --wait -1", ExitCode::Usage),
        ("mosaic fleet update --drain soon", ExitCode::Usage),
        ("mosaic fleet update --dry-run --force", ExitCode::Usage),
        ("mosaic fleet metrics --textfile mosaic.txt", ExitCode::Usage),
        ("mosaic fleet metrics --textfile a.prom --openmetrics", ExitCode::Usage),
        ("mosaic fleet start ../x", ExitCode::Usage),
        ("mosaic fleet start _holder", ExitCode::Usage),
        ("mosaic fleet add", ExitCode::Usage),
        ("mosaic fleet add a b --runtime pi --class x", ExitCode::Usage),
        ("mosaic agent tail", ExitCode::Usage),
        ("mosaic agent tail coder0 -n many", ExitCode::Usage),
        ("mosaic agent attach coder0 coder1", ExitCode::Usage),
        ("mosaic agent outbox coder0 coder1", ExitCode::Usage),
        ("mosaic agent outbox coder0 cancel 1f0c", ExitCode::Usage),
        ("mosaic agent outbox cancel", ExitCode::Usage),
        ("mosaic agent outbox retry --even-if-typed", ExitCode::Usage),
        ("mosaic agent key coder0", ExitCode::Usage),
        ("mosaic agent key coder0 Entr", ExitCode::Usage),
        ("mosaic agent screen", ExitCode::Usage),
        ("mosaic agent screen coder0 --ansi --json", ExitCode::Usage),
        ("mosaic agent reset coder0 --clear --new", ExitCode::Usage),
        ("mosaic completions tcsh", ExitCode::Usage),
        ("mosaic man", ExitCode::Usage),
        ("mosaic yolo", ExitCode::Usage),
        ("mosaic-fleet", ExitCode::Usage),
        ("mosaic-agent ps", ExitCode::Usage),
        ("mosaic --help", ExitCode::Ok),
        ("mosaic --version", ExitCode::Ok),
        ("mosaic fleet ps --help", ExitCode::Ok),
        ("mosaic-agent tail -h", ExitCode::Ok),
        ("mosaic-fleet --version", ExitCode::Ok),
    ];
    for (line, expected) in table {
        let error = parse(words(line)).expect_err(line);
        assert_eq!(exit_code(&error), expected, "{line}");
    }
}

#[test]
fn program_name_selects_a_group() {
    for line in [
        "/usr/local/bin/mosaic-fleet ps --roster r.yaml",
        "mosaic fleet --roster r.yaml ps",
        "mosaic fleet ps --roster r.yaml",
    ] {
        let Typed::Fleet(group) = parse(words(line)).unwrap().0 else { panic!("{line}") };
        assert_eq!(group.paths.roster.as_deref(), Some(std::path::Path::new("r.yaml")), "{line}");
        assert!(matches!(group.command, FleetCommand::Ps(_)), "{line}");
    }
    for line in ["mosaic-agent roster --json", "mosaic agent roster --json", "./mosaic agent --mosaic-home h roster"] {
        let Typed::Agent(group) = parse(words(line)).unwrap().0 else { panic!("{line}") };
        assert!(matches!(group.command, AgentCommand::Roster(_)), "{line}");
    }
}

#[test]
fn an_unknown_command_is_a_runtime_with_its_arguments() {
    let Typed::Runtime(typed) = parse(words("mosaic pi --help -x y")).unwrap().0 else { panic!("no runtime") };
    assert_eq!(typed, words("pi --help -x y"));
    let Typed::Yolo(yolo) = parse(words("mosaic yolo codex --model m -- x")).unwrap().0 else { panic!("no yolo") };
    assert_eq!((yolo.runtime.as_str(), yolo.arguments), ("codex", words("--model m -- x")));
}

#[test]
fn an_agent_may_have_the_name_of_an_outbox_command() {
    for line in [
        "mosaic agent outbox -- cancel",
        "mosaic agent --roster r.yaml outbox -- deliver",
        "mosaic agent outbox --json -- retry",
        "mosaic agent outbox --roster r.yaml deliver",
        "mosaic agent outbox deliver cancel retry",
        "mosaic agent key coder0 -",
        "mosaic agent key coder0 C-c - Enter",
    ] {
        assert!(parse(words(line)).is_ok(), "{line}: {:?}", parse(words(line)).err());
    }
}
