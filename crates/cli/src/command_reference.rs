//! Tests that `docs/reference/commands.md` is made of the grammar. `UPDATE=1 ./dev test -p mosaic-cli reference`
//! writes the page.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};

use crate::grammar::Mosaic;

const HEADER: &str = "# Commands\n\n\
    <!-- Generated from the grammar of `mosaic`: UPDATE=1 ./dev test -p mosaic-cli reference -->\n\n\
    `mosaic fleet` manages the fleet of this host, `mosaic agent` works with single agents. Installed under the name\n\
    `mosaic-fleet` or `mosaic-agent`, the program is that group, for hosts where another program is named `mosaic`. All\n\
    commands end with the same [exit codes](exit-codes.md).\n";

/// The page in Markdown: an overview, then one section per command.
fn page() -> String {
    let mut root = Mosaic::command().disable_help_subcommand(true);
    root.build();
    let mut commands = Vec::new();
    collect(&root, "mosaic", &mut commands);
    let mut page = format!("{HEADER}\n| command | use |\n|---|---|\n");
    for (path, command) in &commands {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(page, "| [`{path}`](#{}) | {} |", path.replace(' ', "-"), cell(&about));
    }
    page.push_str("\n## Options of every command\n");
    let global: Vec<_> =
        root.get_subcommands().flat_map(Command::get_arguments).filter(|arg| arg.is_global_set()).collect();
    let mut rows: Vec<String> = global.iter().filter_map(|arg| row(arg)).collect();
    rows.sort();
    rows.dedup();
    push_rows(&mut page, "option", &rows);
    for (path, command) in &commands {
        push_command(&mut page, path, command);
    }
    page
}

/// The visible commands that do something, in the order of the grammar, with the words that call them.
fn collect<'a>(command: &'a Command, path: &str, commands: &mut Vec<(String, &'a Command)>) {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let path = format!("{path} {}", sub.get_name());
        if !sub.is_subcommand_required_set() {
            commands.push((path.clone(), sub));
        }
        collect(sub, &path, commands);
    }
}

fn push_command(page: &mut String, path: &str, command: &Command) {
    let _ = writeln!(page, "\n## {path}\n");
    if let Some(about) = command.get_long_about().or(command.get_about()) {
        let about = about.to_string();
        let (first, rest) = about.split_once('\n').unwrap_or((&about, ""));
        // The first line is a heading without a period in clap's help.
        let _ = writeln!(page, "{}.\n{}", first.trim_end_matches('.'), rest.trim_end());
    }
    let usage = command.clone().render_usage().to_string();
    let _ = writeln!(page, "\n```text\n{}\n```", usage.trim_start_matches("Usage: ").trim());
    let own = |arg: &&Arg| !arg.is_global_set() && !arg.is_hide_set();
    let (arguments, options): (Vec<_>, Vec<_>) =
        command.get_arguments().filter(own).partition(|arg| arg.is_positional());
    push_rows(page, "argument", &arguments.into_iter().filter_map(row).collect::<Vec<_>>());
    push_rows(page, "option", &options.into_iter().filter_map(row).collect::<Vec<_>>());
    if let Some(after) = command.get_after_help() {
        let _ = writeln!(page, "\n```text\n{}\n```", after.to_string().trim_end());
    }
}

fn push_rows(page: &mut String, title: &str, rows: &[String]) {
    if !rows.is_empty() {
        let _ = writeln!(page, "\n| {title} | meaning |\n|---|---|\n{}", rows.join("\n"));
    }
}

/// The table row of an argument; `None` for those that every program has.
fn row(arg: &Arg) -> Option<String> {
    if ["help", "version"].contains(&arg.get_id().as_str()) {
        return None;
    }
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let values = arg.get_possible_values();
    let values: Vec<_> =
        values.iter().filter(|value| !value.is_hide_set()).map(clap::builder::PossibleValue::get_name).collect();
    let values = if values.is_empty() || !arg.get_action().takes_values() {
        String::new()
    } else {
        format!(" (one of {})", values.join(", "))
    };
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let default = if defaults.is_empty() || !arg.get_action().takes_values() {
        String::new()
    } else {
        format!(" [default: {}]", defaults.join(" "))
    };
    let short = arg.get_short().filter(|_| arg.get_long().is_some());
    let short = short.map(|short| format!("-{short}, ")).unwrap_or_default();
    Some(format!("| `{short}{}` | {}{values}{default} |", arg.to_string().replace('|', "\\|"), cell(&help)))
}

/// A text as it stands in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn command_reference_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/commands.md");
    let expected = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &expected).unwrap();
    }
    let shipped = std::fs::read_to_string(path).unwrap_or_default();
    assert!(shipped == expected, "docs/reference/commands.md is not up to date: run this test with UPDATE=1");
}

#[test]
fn every_command_of_the_help_has_a_section() {
    let page = page();
    for command in ["mosaic fleet ps", "mosaic fleet verify", "mosaic agent send", "mosaic agent outbox cancel"] {
        assert!(page.contains(&format!("\n## {command}\n")), "{command}");
    }
}
