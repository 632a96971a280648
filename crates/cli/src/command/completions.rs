//! `mosaic completions`: prints a completion script for a shell. The script reads the names of agents from the
//! roster at the time of the completion.

use std::collections::BTreeSet;

use clap::builder::Str;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use mosaic_exit_code::ExitCode;

use crate::error::CommandError;
use crate::grammar::Mosaic;
use crate::view::print;

/// Print a completion script for a shell
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic completions bash > ~/.local/share/bash-completion/completions/mosaic
  mosaic completions zsh > ~/.zfunc/_mosaic
  mosaic completions fish > ~/.config/fish/completions/mosaic.fish";

impl Completions {
    pub(crate) fn run(&self) -> Result<ExitCode, CommandError> {
        print(&script(self.shell))?;
        Ok(ExitCode::Ok)
    }
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Mosaic::command(), "mosaic", &mut script);
    add_agent_names(shell, &String::from_utf8_lossy(&script))
}

/// The command that prints the names. An invalid roster has no completions.
const NAMES: &str = "mosaic agent roster --names 2>/dev/null";

/// Adds agent names to a script, wherever an argument is an agent.
fn add_agent_names(shell: Shell, script: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::script;
    use clap_complete::Shell;
    use std::process::Command;

    #[test]
    fn bash_accepts_its_script() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mosaic");
        std::fs::write(&file, script(Shell::Bash)).unwrap();
        assert!(Command::new("bash").arg("-n").arg(&file).status().unwrap().success());
    }

    /// The completions that bash offers for the last of these words, with a stand-in for `mosaic` that lists two
    /// agents.
    fn completed(words: &[&str]) -> String {
        // `compopt` works only during an interactive completion.
        let stand_in =
            "mosaic() { [[ $* == 'agent roster --names' ]] && printf 'coder0\\nmos-claude\\n'; }; compopt() { :; }";
        let typed = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
        let run = format!(
            "{stand_in}\n{}\nCOMP_WORDS=({typed}); COMP_CWORD={}\n_mosaic_and_agents mosaic {} {}\necho \"${{COMPREPLY[@]}}\"",
            script(Shell::Bash),
            words.len() - 1,
            format_args!("'{}'", words[words.len() - 1]),
            format_args!("'{}'", words[words.len() - 2]),
        );
        let output = Command::new("bash").args(["--norc", "-c", &run]).output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn bash_completes_commands_options_and_agents() {
        assert_eq!(completed(&["mosaic", "fleet", "ver"]), "verify");
        assert_eq!(completed(&["mosaic", "fleet", "verify", "--str"]), "--strict");
        assert_eq!(completed(&["mosaic", "agent", "tail", "co"]), "coder0");
        assert_eq!(completed(&["mosaic", "fleet", "restart", "coder0", "mo"]), "mos-claude");
        assert_eq!(completed(&["mosaic", "fleet", "restart", "--json", "mo"]), "mos-claude");
        assert_eq!(completed(&["mosaic", "fleet", "update", "co"]), "coder0");
        assert_eq!(completed(&["mosaic", "fleet", "update", "--drain", "co"]), "");
        assert_eq!(completed(&["mosaic", "fleet", "ps", "co"]), "");
        assert_eq!(completed(&["mosaic", "agent", "outbox", ""]), "cancel retry deliver coder0 mos-claude");
        assert_eq!(completed(&["mosaic", "agent", "outbox", "deliver", "co"]), "coder0");
        for option in ["--roster", "--wait"] {
            assert_eq!(completed(&["mosaic", "fleet", "verify", option, "co"]), "", "{option}");
        }
    }

    #[test]
    fn scripts_of_all_shells_have_all_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);
            for word in ["install-systemd", "verify", "roster", "mosaic-home", "attach"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
