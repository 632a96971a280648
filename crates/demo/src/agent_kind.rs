//! What the demo runs as agents.

use std::ffi::OsStr;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use mosaic_process::is_program;

use clap::ValueEnum;

/// A program that can be an agent of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AgentKind {
    /// A part of the demo that prints made-up work
    StandIn,
    Pi,
    Claude,
    Codex,
    Opencode,
}

impl AgentKind {
    const REAL: [Self; 4] = [Self::Pi, Self::Claude, Self::Codex, Self::Opencode];

    /// The name, as on the command line and in `MOSAIC_AGENT_RUNTIME`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::StandIn => "stand-in",
            Self::Pi => "pi",
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Opencode => "opencode",
        }
    }

    /// Where its program is, in the directories of `path`; a stand-in needs none.
    pub(crate) fn program(self, path: &OsStr) -> Option<PathBuf> {
        std::env::split_paths(path).map(|directory| directory.join(self.name())).find(|program| is_program(program))
    }

    /// Which kind it shall be: a real one only if somebody at a terminal says so.
    pub(crate) fn ask(path: &OsStr) -> Self {
        let found: Vec<Self> = Self::REAL.into_iter().filter(|kind| kind.program(path).is_some()).collect();
        if found.is_empty() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Self::StandIn;
        }
        let names: Vec<&str> = found.iter().map(|kind| kind.name()).collect();
        eprint!(
            "On PATH: {}. Three of a real agent, with your account and at your cost?\n\
             Type its name, or Enter for stand-ins that print made-up work [stand-ins]: ",
            names.join(", ")
        );
        let _ = std::io::stderr().flush();
        let mut answer = String::new();
        // No answer is no.
        let _ = std::io::stdin().lock().read_line(&mut answer);
        Self::answered(&answer, &found)
    }

    fn answered(answer: &str, found: &[Self]) -> Self {
        let answer = answer.trim();
        found.iter().copied().find(|kind| kind.name().eq_ignore_ascii_case(answer)).unwrap_or(Self::StandIn)
    }
}

#[cfg(test)]
mod tests {
    use super::AgentKind;

    #[test]
    fn only_the_name_of_one_that_is_there_is_a_yes() {
        let found = [AgentKind::Pi, AgentKind::Codex];
        let table = [
            ("", AgentKind::StandIn),
            ("\n", AgentKind::StandIn),
            ("n\n", AgentKind::StandIn),
            ("y\n", AgentKind::StandIn),
            ("claude\n", AgentKind::StandIn),
            ("Codex \n", AgentKind::Codex),
            ("pi\n", AgentKind::Pi),
        ];
        for (answer, expected) in table {
            assert_eq!(AgentKind::answered(answer, &found), expected, "{answer:?}");
        }
    }
}
