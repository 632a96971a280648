//! `mosaic completions`: prints a completion script for a shell.

mod agent_names;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use mosaic_domain::ExitCode;

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
    agent_names::complete(shell, &String::from_utf8_lossy(&script))
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
