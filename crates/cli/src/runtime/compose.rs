//! From what was asked for to a command: pure.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Manner;
use super::launch::Launch;
use super::profile::Profile;
use super::prompt::Prompt;
use super::reporter::Attached;

/// What is wanted of a known runtime.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// Its program.
    pub(crate) program: PathBuf,
    /// How much it may ask.
    pub(crate) manner: Manner,
    /// What makes it report.
    pub(crate) attached: Attached,
    /// The skills that it is given, as arguments.
    pub(crate) skills: Vec<OsString>,
    /// The user's own arguments.
    pub(crate) further: &'a [OsString],
    /// What it is told first.
    pub(crate) prompt: Option<&'a Prompt>,
    /// Is this root?
    pub(crate) is_root: bool,
}

/// The command that runs a known runtime. `variable` looks up the environment that it will inherit.
pub(crate) fn compose(profile: &Profile, wanted: Wanted<'_>, variable: impl Fn(&str) -> Option<OsString>) -> Launch {
    let Wanted { program, manner, attached, skills, further, prompt, is_root } = wanted;
    let Attached { mut arguments, mut variables } = attached;
    let mut notices = Vec::new();
    if manner == Manner::Unattended {
        let given = &profile.unattended;
        // Said twice, some of them refuse it.
        let missing = given.arguments.iter().filter(|argument| !further.iter().any(|other| other == *argument));
        arguments.extend(missing.map(OsString::from));
        let free = given.variable.filter(|(name, _)| variable(name).is_none());
        variables.extend(free.map(|(name, value)| (name, value.into())));
        let vouched = |names: &[&str]| names.iter().any(|name| variable(name).is_some_and(|value| value == "1"));
        let rule = given.root.as_ref().filter(|rule| is_root && !vouched(rule.vouchers));
        notices.extend(rule.map(|rule| rule.notice.to_owned()));
    }
    arguments.extend(skills);
    arguments.extend_from_slice(further);
    arguments.extend(prompt.iter().flat_map(|prompt| profile.prompt.arguments(further, prompt)));
    Launch { program, arguments, variables, notices }
}

/// The command that runs a line of the roster's: by a shell, which the line's program then replaces.
/// What makes it work unattended is part of the line, which is the site's own.
pub(crate) fn compose_line(line: &str, further: &[OsString]) -> Launch {
    // A line may begin with variables, which `exec` alone would take for the program.
    let script = format!("exec env {line} \"$@\"");
    // The word after the script is the shell's own name, in its messages.
    let words = ["-c".into(), script.into(), "mosaic".into()].into_iter();
    Launch {
        program: PathBuf::from("/bin/sh"),
        arguments: words.chain(further.iter().cloned()).collect(),
        variables: Vec::new(),
        notices: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Wanted, compose, compose_line};
    use crate::runtime::Manner;
    use crate::runtime::profile::{PROFILES, Profile};
    use crate::runtime::reporter::Attached;
    use std::ffi::OsString;

    const ROOT: bool = true;

    fn line(name: &str, manner: Manner, further: &[&str], is_root: bool, variables: &[(&str, &str)]) -> (String, bool) {
        let further: Vec<OsString> = further.iter().map(OsString::from).collect();
        let variable = |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.into());
        let (program, attached, skills) = (name.into(), Attached::default(), Vec::new());
        let wanted = Wanted { program, manner, attached, skills, further: &further, prompt: None, is_root };
        let launch = compose(Profile::of(name).unwrap(), wanted, variable);
        (launch.line(), !launch.notices.is_empty())
    }

    #[test]
    fn each_runtime_has_its_own_word_for_not_asking() {
        use Manner::{Attended, Unattended};
        let table: [(&str, Manner, &[&str], &str); 11] = [
            ("claude", Attended, &[], "claude"),
            ("claude", Attended, &["-c"], "claude -c"),
            ("claude", Unattended, &[], "claude --dangerously-skip-permissions"),
            ("claude", Unattended, &["-c"], "claude --dangerously-skip-permissions -c"),
            ("claude", Unattended, &["--dangerously-skip-permissions"], "claude --dangerously-skip-permissions"),
            ("codex", Attended, &["resume"], "codex resume"),
            ("codex", Unattended, &["a b"], "codex --dangerously-bypass-approvals-and-sandbox 'a b'"),
            ("pi", Unattended, &["--offline"], "pi --offline"),
            ("pi", Attended, &[], "pi"),
            ("opencode", Attended, &[], "opencode"),
            ("opencode", Unattended, &["."], r#"OPENCODE_PERMISSION='{"*":"allow"}' opencode ."#),
        ];
        for (name, manner, further, expected) in table {
            assert_eq!(line(name, manner, further, !ROOT, &[]), (expected.to_owned(), false));
        }
    }

    #[test]
    fn what_a_site_has_set_stays() {
        let set = [("OPENCODE_PERMISSION", r#"{"bash":"deny"}"#)];
        assert_eq!(line("opencode", Manner::Unattended, &[], !ROOT, &set).0, "opencode");
    }

    #[test]
    fn nobody_vouches_for_a_host_of_roots_but_its_owner() {
        type Case<'a> = (Manner, bool, &'a [(&'a str, &'a str)], bool);
        let table: [Case<'_>; 6] = [
            (Manner::Unattended, ROOT, &[], true),
            (Manner::Unattended, ROOT, &[("IS_SANDBOX", "0")], true),
            (Manner::Unattended, ROOT, &[("IS_SANDBOX", "1")], false),
            (Manner::Unattended, ROOT, &[("CLAUDE_CODE_BUBBLEWRAP", "1")], false),
            (Manner::Unattended, !ROOT, &[], false),
            (Manner::Attended, ROOT, &[], false),
        ];
        for (manner, root, variables, told) in table {
            let (line, notice) = line("claude", manner, &[], root, variables);
            assert_eq!(notice, told, "{manner:?} {root} {variables:?}");
            assert!(!line.contains("IS_SANDBOX"), "{line}");
        }
    }

    #[test]
    fn a_line_of_the_roster_gets_the_arguments_and_no_shell_stays() {
        let launch = compose_line("aider --yes", &["--model".into(), "a b".into()]);
        assert_eq!(launch.line(), r#"/bin/sh -c 'exec env aider --yes "$@"' mosaic --model 'a b'"#);
        let echoed = compose_line("FORMAT=1 printf '<%s>'", &["it's".into(), "$x".into()]);
        let output = std::process::Command::new(&echoed.program).args(&echoed.arguments).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "<it's><$x>");
    }

    #[test]
    fn names_are_unique_and_harmless() {
        for profile in &PROFILES {
            assert!(profile.name.parse::<mosaic_domain::RuntimeName>().is_ok());
            assert!(Profile::of(profile.name).is_some_and(|found| std::ptr::eq(found, profile)));
        }
    }
}
