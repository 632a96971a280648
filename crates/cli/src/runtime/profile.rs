//! The runtimes that are known, as a table.

use super::prompt_form::PromptForm;
use super::reporter::{self, Reporter};

/// One runtime: its program, and what makes it work without asking.
#[derive(Debug)]
pub(crate) struct Profile {
    /// Its name, in a roster and on the command line.
    pub(crate) name: &'static str,
    /// Its program, to be found on `PATH`.
    pub(crate) program: &'static str,
    /// How it is installed.
    pub(crate) install: &'static str,
    /// What it is given when nobody is there to be asked.
    pub(crate) unattended: Unattended,
    /// How it is told something to begin with.
    pub(crate) prompt: PromptForm,
    /// What makes it say what it does.
    pub(crate) reporter: Reporter,
    /// Is it given skills? Otherwise it has its own way with them.
    pub(crate) has_skills: bool,
    /// First words that make something else of it than an agent, if it takes them in front only: nothing is put
    /// before them.
    pub(crate) errands: &'static [&'static str],
}

/// What lets a runtime do everything without asking.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unattended {
    /// Arguments, before all others.
    pub(crate) arguments: &'static [&'static str],
    /// A variable, which a value that is set already takes precedence over.
    pub(crate) variable: Option<(&'static str, &'static str)>,
    /// What it wants of root.
    pub(crate) root: Option<RootRule>,
}

/// A runtime that refuses to work for root, unless root says that this is safe.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RootRule {
    /// Any one of these variables, set to `1`, is taken for root's word that the host may be lost. It is
    /// for a person to give, so nobody here sets them.
    pub(crate) vouchers: &'static [&'static str],
    /// What to do.
    pub(crate) notice: &'static str,
}

/// All of them.
pub(crate) static PROFILES: [Profile; 4] = [
    Profile {
        name: "claude",
        program: "claude",
        install: "npm install -g @anthropic-ai/claude-code",
        unattended: Unattended {
            arguments: &["--dangerously-skip-permissions"],
            variable: None,
            root: Some(RootRule {
                vouchers: &["IS_SANDBOX", "CLAUDE_CODE_BUBBLEWRAP"],
                notice: "claude refuses to work unattended for root. Run the fleet as an ordinary user; or, where \
                         this host is a sandbox that may be lost, say so: IS_SANDBOX=1 in the agent's env file",
            }),
        },
        prompt: PromptForm::AfterDashes,
        reporter: reporter::CLAUDE,
        has_skills: false,
        errands: &[],
    },
    Profile {
        name: "codex",
        program: "codex",
        install: "npm install -g @openai/codex",
        unattended: Unattended {
            arguments: &["--dangerously-bypass-approvals-and-sandbox"],
            variable: None,
            root: None,
        },
        prompt: PromptForm::AfterDashes,
        reporter: reporter::CODEX,
        has_skills: false,
        errands: &[],
    },
    Profile {
        name: "pi",
        program: "pi",
        install: "npm install -g @mariozechner/pi-coding-agent",
        // It has no permissions to ask for.
        unattended: Unattended { arguments: &[], variable: None, root: None },
        prompt: PromptForm::Word,
        reporter: reporter::PI,
        has_skills: true,
        errands: &["install", "remove", "uninstall", "update", "list", "config"],
    },
    Profile {
        name: "opencode",
        program: "opencode",
        install: "npm install -g opencode-ai",
        // Its switch for this (--auto) is younger than this variable, which also an older one knows.
        unattended: Unattended {
            arguments: &[],
            variable: Some(("OPENCODE_PERMISSION", r#"{"*":"allow"}"#)),
            root: None,
        },
        prompt: PromptForm::Option("--prompt"),
        reporter: reporter::OPENCODE,
        has_skills: false,
        errands: &[],
    },
];

impl Profile {
    /// The runtime of that name, if it is a known one.
    pub(crate) fn of(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name == name)
    }
}
