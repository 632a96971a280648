//! The runtimes whose programs can be updated: how each is installed and how it updates itself.

/// The program of a runtime.
#[derive(Debug)]
pub(crate) struct RuntimeProgram {
    /// The name of the runtime, in a roster and on the command line.
    pub(crate) name: &'static str,
    /// The name of its program, which is searched in `PATH`.
    pub(crate) program: &'static str,
    /// The command that installs it.
    pub(crate) install: &'static str,
    /// The arguments with which the program updates itself, and nothing else.
    pub(crate) updater: &'static [&'static str],
    /// The argument with which the program installs a given version of itself, if it has one.
    pub(crate) version_installer: Option<&'static str>,
}

/// All runtimes with a known program.
pub(crate) static RUNTIME_PROGRAMS: [RuntimeProgram; 4] = [
    RuntimeProgram {
        name: "claude",
        program: "claude",
        install: "npm install -g @anthropic-ai/claude-code",
        updater: &["update"],
        version_installer: Some("install"),
    },
    RuntimeProgram {
        name: "codex",
        program: "codex",
        install: "npm install -g @openai/codex",
        updater: &["update"],
        version_installer: None,
    },
    RuntimeProgram {
        name: "pi",
        program: "pi",
        install: "npm install -g @mariozechner/pi-coding-agent",
        updater: &["update", "--self"],
        version_installer: None,
    },
    RuntimeProgram {
        name: "opencode",
        program: "opencode",
        install: "npm install -g opencode-ai",
        updater: &["upgrade"],
        version_installer: Some("upgrade"),
    },
];

impl RuntimeProgram {
    /// The program of a runtime, if it is known.
    pub(crate) fn named(runtime: &str) -> Option<&'static Self> {
        RUNTIME_PROGRAMS.iter().find(|known| known.name == runtime)
    }
}
