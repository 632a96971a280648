//! What an agent is told first, from the template that its roster entry has for it: pure.

use mosaic_domain::ExitCode;

/// What may stand in a template in braces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placeholders<'a> {
    /// `{agent}`: the agent's name.
    pub(crate) agent: &'a str,
    /// `{class}`: its class.
    pub(crate) class: &'a str,
    /// `{host}`: its host's short name.
    pub(crate) host: &'a str,
    /// `{task}`: what it is to do.
    pub(crate) task: Option<&'a str>,
}

/// A template that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KickstartError {
    /// A word in braces that is none of ours.
    #[error("has a placeholder {{{}}}, expected {{agent}}, {{class}}, {{host}} or {{task}}: braces that are to stand there are written {{{{ and }}}}", .0.escape_debug())]
    Unknown(String),
    /// A brace without another one.
    #[error("has a '{0}' without its other half: braces that are to stand there are written {{{{ and }}}}")]
    Unpaired(char),
    /// The task was not given.
    #[error("has a placeholder {{task}}: say what is to be done with --task TEXT")]
    NoTask,
    /// The task was given in vain.
    #[error(
        "has no placeholder {{task}}, so --task would not be told: leave it out, and send it with 'mosaic agent send'"
    )]
    UnusedTask,
}

impl KickstartError {
    /// The exit code for it: the roster is wrong, or the command line.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unknown(_) | Self::Unpaired(_) => ExitCode::Configuration,
            Self::NoTask | Self::UnusedTask => ExitCode::Usage,
        }
    }
}

/// The template's text, its placeholders replaced.
///
/// # Errors
/// It has others, or does not go with whether a task was given.
pub(crate) fn kickstart(template: &str, values: Placeholders<'_>) -> Result<String, KickstartError> {
    let mut text = String::with_capacity(template.len());
    let mut is_told = false;
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = rest.as_bytes()[at] as char;
        let behind = &rest[at + 1..];
        if let Some(behind) = behind.strip_prefix(brace) {
            text.push(brace);
            rest = behind;
            continue;
        }
        let inner = (brace == '{').then(|| behind.find(['{', '}'])).flatten();
        let Some(end) = inner.filter(|end| behind[*end..].starts_with('}')) else {
            return Err(KickstartError::Unpaired(brace));
        };
        text.push_str(match &behind[..end] {
            "agent" => values.agent,
            "class" => values.class,
            "host" => values.host,
            "task" => {
                is_told = true;
                values.task.ok_or(KickstartError::NoTask)?
            }
            other => return Err(KickstartError::Unknown(other.to_owned())),
        });
        rest = &behind[end + 1..];
    }
    text.push_str(rest);
    if values.task.is_some() && !is_told { Err(KickstartError::UnusedTask) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::{KickstartError, Placeholders, kickstart};
    use mosaic_domain::ExitCode;

    const VALUES: Placeholders<'static> =
        Placeholders { agent: "coder0", class: "implementer", host: "build1", task: None };

    #[test]
    fn placeholders_are_replaced_once_and_braces_are_written_twice() {
        let table = [
            ("", ""),
            ("plain", "plain"),
            ("{agent} ({class}) on {host}", "coder0 (implementer) on build1"),
            ("{{agent}} }}{{ {{{host}}}", "{agent} }{ {build1}"),
            ("{agent}{agent}", "coder0coder0"),
            ("über {host}, ja", "über build1, ja"),
        ];
        for (template, expected) in table {
            assert_eq!(kickstart(template, VALUES).as_deref(), Ok(expected), "{template}");
        }
        // What is put in is not read again.
        let told = Placeholders { task: Some("fix {host} }"), ..VALUES };
        assert_eq!(kickstart("do: {task}", told).as_deref(), Ok("do: fix {host} }"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let unknown = |name: &str| KickstartError::Unknown(name.to_owned());
        let table = [
            ("{who}", unknown("who")),
            ("{}", unknown("")),
            ("{ agent }", unknown(" agent ")),
            ("{Agent}", unknown("Agent")),
            ("a { b", KickstartError::Unpaired('{')),
            ("a } b", KickstartError::Unpaired('}')),
            ("{a {agent}", KickstartError::Unpaired('{')),
            ("{agent", KickstartError::Unpaired('{')),
            ("{task}", KickstartError::NoTask),
        ];
        for (template, expected) in table {
            assert_eq!(kickstart(template, VALUES), Err(expected), "{template}");
        }
        let told = Placeholders { task: Some("x"), ..VALUES };
        assert_eq!(kickstart("{agent}", told), Err(KickstartError::UnusedTask));
    }

    #[test]
    fn the_roster_is_wrong_or_the_command_line() {
        let error = kickstart("{who}", VALUES).unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::Configuration);
        assert!(error.to_string().starts_with("has a placeholder {who}, expected {agent}, {class}, {host} or {task}:"));
        assert_eq!(kickstart("{task}", VALUES).unwrap_err().exit_code(), ExitCode::Usage);
    }
}
