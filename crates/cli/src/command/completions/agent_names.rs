//! Adds the completion of agent names to a completion script. The script reads the names from the roster at the
//! time of the completion.

use std::collections::BTreeSet;

use clap::{CommandFactory, builder::Str};
use clap_complete::Shell;

use crate::grammar::Mosaic;

/// The command that prints the names. An invalid roster has no completions.
const NAMES: &str = "mosaic agent roster --names 2>/dev/null";

/// Adds agent names to a script, wherever an argument is an agent.
pub(super) fn complete(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => bash(script),
        Shell::Zsh => zsh(script),
        Shell::Fish => fish(script),
        _ => script.to_owned(),
    }
}

/// The commands with an agent argument, as pairs such as `fleet`, `start`.
fn commands() -> Vec<(String, String)> {
    let root = Mosaic::command();
    let groups = root.get_subcommands();
    let all = groups.flat_map(|group| {
        let with_agents = group.get_subcommands().filter(|command| command.get_positionals().any(is_agent));
        with_agents.map(|command| (group.get_name().to_owned(), command.get_name().to_owned()))
    });
    all.collect()
}

/// The commands that take an agent or a subcommand, such as `agent outbox`, and their subcommands.
fn commands_with_commands() -> Vec<(String, Vec<String>)> {
    let root = Mosaic::command();
    let all = root.get_subcommands().flat_map(|group| {
        group.get_subcommands().filter(|command| command.has_subcommands()).map(|command| {
            let further = command.get_subcommands().map(|further| further.get_name().to_owned());
            (format!("{} {}", group.get_name(), command.get_name()), further.collect())
        })
    });
    all.collect()
}

/// The options that take a value, such as `--roster` and `-n`. No agent follows them.
fn options_with_a_value() -> Vec<String> {
    let root = Mosaic::command();
    let commands = root.get_subcommands().flat_map(|group| group.get_subcommands().chain([group]));
    let options = commands
        .flat_map(clap::Command::get_arguments)
        .filter(|argument| !argument.is_positional() && argument.get_action().takes_values());
    let names = options.flat_map(|option| {
        let long = option.get_long().map(|long| format!("--{long}"));
        long.into_iter().chain(option.get_short().map(|short| format!("-{short}")))
    });
    names.collect::<BTreeSet<String>>().into_iter().collect()
}

fn is_agent(argument: &clap::Arg) -> bool {
    let is_one = |name: &Str| name.split('|').any(|name| name == "AGENT");
    argument.get_value_names().is_some_and(|names: &[Str]| names.iter().any(is_one))
}

fn bash(script: &str) -> String {
    let patterns: Vec<String> = commands().iter().map(|(group, command)| format!("\"{group} {command}\"")).collect();
    let further = commands_with_commands().into_iter().map(|(command, further)| {
        let further = further.join(" ");
        format!(
            "        \"{command}\")\n            [[ $COMP_CWORD -gt 3 ]] || further=\"{further}\"\n            ;;\n"
        )
    });
    let ours = format!(
        r#"_mosaic_and_agents() {{
    local cur="${{COMP_WORDS[COMP_CWORD]}}" further=""
    _mosaic "$@"
    case "${{COMP_WORDS[COMP_CWORD-1]}}" in
        {})
            return
            ;;
    esac
    case "${{COMP_WORDS[1]}} ${{COMP_WORDS[2]}}" in
{}    esac
    case "${{COMP_WORDS[1]}} ${{COMP_WORDS[2]}}" in
        {})
            if [[ $COMP_CWORD -gt 2 && $cur != -* ]]; then
                COMPREPLY=( $(compgen -W "$further $({NAMES})" -- "$cur") )
            fi
            ;;
    esac
}}

if [["#,
        options_with_a_value().join(" | "),
        further.collect::<String>(),
        patterns.join(" | ")
    );
    // The last statement of the script registers the completion function.
    match script.rsplit_once("if [[") {
        Some((before, after)) => before.to_owned() + &ours + &after.replace("-F _mosaic ", "-F _mosaic_and_agents "),
        None => script.to_owned(),
    }
}

fn zsh(script: &str) -> String {
    let names = format!(r#"{{local -a names; names=(${{(f)"$({NAMES})"}}); compadd -a names}}"#);
    let lines = script.lines().map(|line| {
        let agent = line.contains(":agents -- ") || line.contains(":agent -- ");
        if agent { line.replace(":_default", &format!(":{names}")) } else { line.to_owned() }
    });
    lines.map(|line| line + "\n").collect()
}

fn fish(script: &str) -> String {
    let lines = commands().into_iter().map(|(group, command)| {
        let of = format!("__fish_mosaic_using_subcommand {group}; and __fish_seen_subcommand_from {command}");
        format!("complete -c mosaic -n \"{of}\" -f -a \"({NAMES})\"\n")
    });
    script.to_owned() + &lines.collect::<String>()
}
