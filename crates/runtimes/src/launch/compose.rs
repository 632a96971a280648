//! Composes the command that launches a runtime. This is pure: files and the environment are read before.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::prompt::Prompt;
use super::{LaunchCommand, LaunchMode, LaunchProfile};
use crate::reporters::Attachment;

/// Everything that a launch command is composed of, besides the profile.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    /// The program's file.
    pub(super) program: PathBuf,
    /// Whether the program asks for permissions.
    pub(super) mode: LaunchMode,
    /// What makes the program report its activity.
    pub(super) attachment: Attachment,
    /// The arguments that select skills.
    pub(super) skills: Vec<OsString>,
    /// The user's own arguments.
    pub(super) user_arguments: &'a [OsString],
    /// The first prompt.
    pub(super) prompt: Option<&'a Prompt>,
    /// Whether the program will run as root.
    pub(super) is_root: bool,
}

/// Composes the command. `variable` looks up the environment that the program will inherit.
pub(super) fn compose(
    launch: &LaunchProfile,
    parts: Parts<'_>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> LaunchCommand {
    let Parts { program, mode, attachment, skills, user_arguments, prompt, is_root } = parts;
    let is_subcommand = launch.has_subcommand(user_arguments);
    let mut arguments: Vec<OsString> = Vec::new();
    if !is_subcommand {
        arguments.extend(launch.arguments.iter().map(OsString::from));
    }
    arguments.extend(attachment.arguments);
    let mut variables = attachment.variables;
    let unset = |names: &BTreeMap<String, String>| {
        let unset = names.iter().filter(|(name, _)| variable(name).is_none());
        unset.map(|(name, value)| (name.clone(), value.into())).collect::<Vec<_>>()
    };
    variables.extend(unset(&launch.environment));
    let mut warnings = Vec::new();
    let options = match mode {
        LaunchMode::Attended => &launch.attended.options,
        LaunchMode::Unattended => &launch.unattended.options,
    };
    if mode == LaunchMode::Unattended {
        let unattended = &launch.unattended;
        // Some programs refuse an option that is given twice.
        let is_given = |argument: &str| user_arguments.iter().any(|own| own == argument);
        if !is_subcommand {
            arguments.extend(unattended.arguments.iter().filter(|argument| !is_given(argument)).map(OsString::from));
        }
        variables.extend(unset(&unattended.environment));
        let is_confirmed = |names: &[String]| names.iter().any(|name| variable(name).is_some_and(|value| value == "1"));
        let rule = unattended.root.as_ref().filter(|rule| is_root && !is_confirmed(&rule.confirmed_by));
        warnings.extend(rule.map(|rule| rule.notice.clone()));
    }
    let options = options.iter().filter(|option| !is_subcommand && option.applies(user_arguments));
    arguments.extend(options.flat_map(|option| &option.arguments).map(OsString::from));
    arguments.extend(skills);
    arguments.extend_from_slice(user_arguments);
    if let (Some(form), Some(prompt)) = (&launch.prompt, prompt) {
        arguments.extend(form.arguments(user_arguments, prompt));
    }
    LaunchCommand { program, arguments, variables, warnings, version: None }
}

#[cfg(test)]
mod tests {
    use super::{Parts, compose};
    use crate::reporters::Attachment;
    use crate::{LaunchMode, LaunchProfile, shipped_runtime};
    use std::ffi::OsString;

    const ROOT: bool = true;

    fn line(name: &str, mode: LaunchMode, user: &[&str], is_root: bool, variables: &[(&str, &str)]) -> (String, bool) {
        profile_line(&shipped_runtime(name).unwrap().launch, mode, user, is_root, variables)
    }

    fn profile_line(
        launch: &LaunchProfile,
        mode: LaunchMode,
        user: &[&str],
        is_root: bool,
        variables: &[(&str, &str)],
    ) -> (String, bool) {
        let user_arguments: Vec<OsString> = user.iter().map(OsString::from).collect();
        let variable = |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.into());
        let (program, attachment, skills) = (launch.program.clone().into(), Attachment::default(), Vec::new());
        let user_arguments = &user_arguments;
        let parts = Parts { program, mode, attachment, skills, user_arguments, prompt: None, is_root };
        let command = compose(launch, parts, variable);
        (command.shell_line(), !command.warnings.is_empty())
    }

    #[test]
    fn each_runtime_has_its_own_switch_for_unattended_work() {
        use LaunchMode::{Attended, Unattended};
        let skip = r#"--settings '{"skipDangerousModePermissionPrompt":true}'"#;
        let yolo = format!("claude --dangerously-skip-permissions {skip}");
        let codex = "codex --no-daemon --dangerously-bypass-approvals-and-sandbox -c check_for_update_on_startup=false";
        let table: [(&str, LaunchMode, &[&str], &str); 16] = [
            ("claude", Attended, &[], "claude --permission-mode manual"),
            ("claude", Attended, &["-c"], "claude --permission-mode manual -c"),
            ("claude", Attended, &["--permission-mode=plan"], "claude --permission-mode=plan"),
            ("claude", Attended, &["--permission-mode", "auto"], "claude --permission-mode auto"),
            ("claude", Unattended, &[], &yolo),
            ("claude", Unattended, &["-c"], &format!("{yolo} -c")),
            (
                "claude",
                Unattended,
                &["--dangerously-skip-permissions"],
                &format!("claude {skip} --dangerously-skip-permissions"),
            ),
            ("claude", Unattended, &["--settings", "x"], "claude --dangerously-skip-permissions --settings x"),
            ("codex", Attended, &["resume"], "codex --no-daemon resume"),
            ("codex", Unattended, &["a b"], &format!("{codex} 'a b'")),
            ("pi", Unattended, &["--offline"], "pi --approve --offline"),
            ("pi", Unattended, &["--no-approve"], "pi --no-approve"),
            ("pi", Unattended, &["mcp", "list"], "pi mcp list"),
            ("pi", Attended, &[], "pi"),
            ("opencode", Attended, &[], "opencode"),
            ("opencode", Unattended, &["."], r#"OPENCODE_PERMISSION='{"*":"allow"}' opencode ."#),
        ];
        for (name, mode, further, expected) in table {
            assert_eq!(line(name, mode, further, !ROOT, &[]), (expected.to_owned(), false));
        }
    }

    #[test]
    fn no_argument_is_put_before_a_subcommand() {
        let yaml = "{program: crab, arguments: [--quiet], environment: {CLAWS: '2'}, unattended: {arguments: [--yes], environment: {TRUST: all}}, \
                    subcommands: [update]}";
        let launch: LaunchProfile = serde_saphyr::from_str(yaml).unwrap();
        let table: [(LaunchMode, &[&str], &str); 4] = [
            (LaunchMode::Attended, &["update"], "CLAWS=2 crab update"),
            (LaunchMode::Unattended, &["update", "now"], "CLAWS=2 TRUST=all crab update now"),
            (LaunchMode::Attended, &["now", "update"], "CLAWS=2 crab --quiet now update"),
            (LaunchMode::Unattended, &["now"], "CLAWS=2 TRUST=all crab --quiet --yes now"),
        ];
        for (mode, user, expected) in table {
            assert_eq!(profile_line(&launch, mode, user, !ROOT, &[]).0, expected);
        }
    }

    #[test]
    fn a_variable_that_is_set_keeps_its_value() {
        let set = [("OPENCODE_PERMISSION", r#"{"bash":"deny"}"#)];
        assert_eq!(line("opencode", LaunchMode::Unattended, &[], !ROOT, &set).0, "opencode");
    }

    #[test]
    fn root_is_warned_unless_a_variable_confirms_that_the_host_may_be_lost() {
        type Case<'a> = (LaunchMode, bool, &'a [(&'a str, &'a str)], bool);
        let table: [Case<'_>; 6] = [
            (LaunchMode::Unattended, ROOT, &[], true),
            (LaunchMode::Unattended, ROOT, &[("IS_SANDBOX", "0")], true),
            (LaunchMode::Unattended, ROOT, &[("IS_SANDBOX", "1")], false),
            (LaunchMode::Unattended, ROOT, &[("CLAUDE_CODE_BUBBLEWRAP", "1")], false),
            (LaunchMode::Unattended, !ROOT, &[], false),
            (LaunchMode::Attended, ROOT, &[], false),
        ];
        for (mode, root, variables, expected) in table {
            let (line, is_warned) = line("claude", mode, &[], root, variables);
            assert_eq!(is_warned, expected, "{mode:?} {root} {variables:?}");
            assert!(!line.contains("IS_SANDBOX"), "{line}");
        }
    }
}
