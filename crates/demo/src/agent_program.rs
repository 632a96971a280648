//! The programs that can run as agents, and the stand-in among them.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use mosaic_exit_code::ExitCode;
use mosaic_process::{find_in_directories, is_program};

/// A program that runs as agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AgentProgram {
    /// A part of the demo that prints made-up work
    StandIn,
    Pi,
    Claude,
    Codex,
    Opencode,
}

impl AgentProgram {
    const REAL: [Self; 4] = [Self::Pi, Self::Claude, Self::Codex, Self::Opencode];

    /// The name on the command line and in `MOSAIC_AGENT_RUNTIME`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::StandIn => "stand-in",
            Self::Pi => "pi",
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Opencode => "opencode",
        }
    }

    /// Whether the program is in a directory of `path`. The stand-in always is available.
    pub(crate) fn is_available(self, path: &OsStr) -> bool {
        self == Self::StandIn || find_in_directories(self.name(), env::split_paths(path), is_program).is_some()
    }

    /// Asks which program to run. The answer is the stand-in unless the user types the name of a real one.
    pub(crate) fn ask(path: &OsStr) -> Self {
        let found: Vec<Self> = Self::REAL.into_iter().filter(|program| program.is_available(path)).collect();
        if found.is_empty() || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Self::StandIn;
        }
        let names: Vec<&str> = found.iter().map(|program| program.name()).collect();
        eprint!(
            "On PATH: {}. Three agents of a real runtime use your account, at your cost.\n\
             Type its name, or press Enter for stand-ins that print made-up work [stand-in]: ",
            names.join(", ")
        );
        let _ = io::stderr().flush();
        let mut answer = String::new();
        let _ = io::stdin().lock().read_line(&mut answer);
        Self::from_answer(&answer, &found)
    }

    fn from_answer(answer: &str, found: &[Self]) -> Self {
        let answer = answer.trim();
        found.iter().copied().find(|program| program.name().eq_ignore_ascii_case(answer)).unwrap_or(Self::StandIn)
    }
}

impl fmt::Display for AgentProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const WORK: [&str; 8] = [
    "reads the issue, for show",
    "pretends to look through src/",
    "would now change a function",
    "runs no tests, but waits as if",
    "finds an imaginary edge case",
    "writes a commit message for no commit",
    "compares two files that do not exist",
    "starts over, for practice",
];

/// The role `--stand-in`: prints lines of made-up work until the terminal is closed.
pub(crate) fn run_stand_in(name: &str) -> ExitCode {
    // Seeded by name and PID, so that the stand-ins do not print in step.
    let mut random = name.bytes().fold(u64::from(std::process::id()), |sum, byte| sum * 31 + u64::from(byte));
    let mut output = io::stdout();
    let mut written = writeln!(output, "stand-in: {name} is not an AI: it prints made-up work until it is stopped");
    let mut step = 0;
    while written.is_ok() {
        step += 1;
        // A 64-bit linear congruential generator with Knuth's multiplier.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        thread::sleep(Duration::from_millis(600 + (random >> 33) % 1800));
        let work = WORK[usize::try_from(random >> 40).unwrap_or(0) % WORK.len()];
        written = writeln!(output, "stand-in: step {step}: {work}").and_then(|()| output.flush());
    }
    ExitCode::Ok
}

#[cfg(test)]
mod tests {
    use super::AgentProgram;

    #[test]
    fn only_the_name_of_an_available_runtime_selects_it() {
        let found = [AgentProgram::Pi, AgentProgram::Codex];
        let table = [
            ("", AgentProgram::StandIn),
            ("\n", AgentProgram::StandIn),
            ("n\n", AgentProgram::StandIn),
            ("y\n", AgentProgram::StandIn),
            ("claude\n", AgentProgram::StandIn),
            ("Codex \n", AgentProgram::Codex),
            ("pi\n", AgentProgram::Pi),
        ];
        for (answer, expected) in table {
            assert_eq!(AgentProgram::from_answer(answer, &found), expected, "{answer:?}");
        }
    }
}
