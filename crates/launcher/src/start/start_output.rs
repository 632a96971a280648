//! What `start-agent-session` prints.
//!
//! As text, warnings and the last lines of a failed pane go to standard error, the line `Mosaic agent session already
//! running: AGENT on socket SOCKET` goes to standard output if the session existed, and an error is `ERROR: …` on
//! standard error.
//!
//! As JSON (`--output json`), everything goes to standard output, one object per line. Zero or more objects describe
//! the start, and the last one is its result. The exit code is the same as with text. Only an error of the command line
//! itself (exit code 64) is text.
//!
//! ```json
//! {"type":"warning","message":"coder0 runs outside its unit's control group, …"}
//! {"type":"pane-line","text":"no-such-program: command not found"}
//! {"type":"result","outcome":"created","agent":"coder0","socket":"mosaic-factory","pid":18960}
//! {"type":"result","outcome":"refused","agent":"coder0","exit_kind":"busy","reason":"process 812 watches coder0 …"}
//! ```
//!
//! | key | values |
//! |---|---|
//! | `outcome` | `created`: the session is new; `adopted`: it existed without a sidecar, and has one now; `already-running`: nothing was changed; `refused`: the agent was not started |
//! | `agent` | the agent's name; `null` if the command line and the environment have no valid one |
//! | `pid` | the pane process |
//! | `exit_kind` | the meaning of the exit code: `check-failed` (the command ended at once), `usage`, `unavailable`, `bug`, `io`, `busy`, `permission`, `configuration` |
//! | `reason` | the error, without the prefix `ERROR: ` |

use std::env;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use mosaic_domain::{AgentName, Pid, SocketName, env_var};

use super::{Arguments, OutputFormat, StartError};
use crate::journal::{self, Priority};
use crate::launch_settings::LaunchSettings;
use crate::systemd_service::SystemdService;

/// How a start succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartOutcome {
    /// The session is new.
    Created,
    /// The session existed without a sidecar.
    Adopted,
    /// The session existed with a sidecar.
    AlreadyRunning,
}

impl StartOutcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Adopted => "adopted",
            Self::AlreadyRunning => "already-running",
        }
    }
}

/// Prints the events and the result of a start in the requested format.
#[derive(Clone, Copy, Debug)]
pub struct StartOutput(OutputFormat);

impl StartOutput {
    /// Prints in this format.
    #[must_use]
    pub fn new(format: OutputFormat) -> Self {
        Self(format)
    }

    pub(super) fn warning(self, message: &str) {
        match self.0 {
            OutputFormat::Text => eprintln!("WARNING: {message}"),
            OutputFormat::Json => {
                // If this cannot be written, neither can the result, which reports it.
                let _ = print_line(&json_object(&[("type", "warning".into()), ("message", message.into())]));
            }
        }
    }

    /// Prints one of the last lines of a pane that is removed because the start failed.
    pub(super) fn pane_line(self, text: &str) {
        match self.0 {
            OutputFormat::Text => eprintln!("{text}"),
            OutputFormat::Json => {
                // If this cannot be written, neither can the result, which reports it.
                let _ = print_line(&json_object(&[("type", "pane-line".into()), ("text", text.into())]));
            }
        }
    }

    /// Prints that the session exists, before it is adopted. JSON has only the result for that.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn session_exists(self, settings: &LaunchSettings) -> Result<(), StartError> {
        if self.0 == OutputFormat::Json {
            return Ok(());
        }
        let LaunchSettings { agent, socket, .. } = settings;
        print_line(&format!("Mosaic agent session already running: {agent} on socket {socket}"))
    }

    /// Prints the result of a start that succeeded. Text has no line for that.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn success(self, settings: &LaunchSettings, outcome: StartOutcome, pid: Pid) -> Result<(), StartError> {
        if self.0 == OutputFormat::Text {
            return Ok(());
        }
        print_line(&success_object(&settings.agent, &settings.socket, outcome, pid))
    }

    /// Prints the error of a start. `exit_kind` is the meaning of the exit code, for JSON. As text, the error goes to
    /// standard error; if that is the journal, it is a record that `journalctl --user AGENT=coder0` finds. JSON that
    /// cannot be written is replaced by the text.
    pub fn failure(self, arguments: &Arguments, error: &StartError, exit_kind: &str) {
        let named = arguments.agent.clone().or_else(|| env::var_os(env_var::AGENT_NAME));
        let agent = named.and_then(|name| name.to_str()?.parse::<AgentName>().ok());
        if self.0 == OutputFormat::Json
            && print_line(&failure_object(agent.as_ref(), &error.to_string(), exit_kind)).is_ok()
        {
            return;
        }
        let message = format!("ERROR: {error}");
        match agent.filter(|_| journal::is_standard_error()) {
            Some(agent) => {
                let service = SystemdService::from_environment(|name| env::var_os(name)).ok().flatten();
                // journald looks up the unit by the PID of the writer, and this process is about to end.
                let unit = service.map(|service| ("USER_UNIT", service.cgroup().name().to_owned()));
                journal::record(Priority::Error, &agent, &message, unit.as_slice());
            }
            None => eprintln!("{message}"),
        }
    }
}

/// Prints a line on standard output.
fn print_line(line: &str) -> Result<(), StartError> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(StartError::Output)
}

fn success_object(agent: &AgentName, socket: &SocketName, outcome: StartOutcome, pid: Pid) -> String {
    json_object(&[
        ("type", "result".into()),
        ("outcome", outcome.as_str().into()),
        ("agent", agent.as_str().into()),
        ("socket", socket.as_str().into()),
        ("pid", JsonValue::Number(pid.get())),
    ])
}

fn failure_object(agent: Option<&AgentName>, reason: &str, exit_kind: &str) -> String {
    json_object(&[
        ("type", "result".into()),
        ("outcome", "refused".into()),
        ("agent", agent.map_or(JsonValue::Null, |agent| agent.as_str().into())),
        ("exit_kind", exit_kind.into()),
        ("reason", reason.into()),
    ])
}

enum JsonValue<'a> {
    Text(&'a str),
    Number(u32),
    Null,
}

impl<'a> From<&'a str> for JsonValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

/// Encodes a flat JSON object. serde would be a large dependency for these few objects.
fn json_object(members: &[(&str, JsonValue<'_>)]) -> String {
    let mut object = String::from("{");
    for (index, (key, value)) in members.iter().enumerate() {
        let separator = if index == 0 { "" } else { "," };
        let _ = match value {
            JsonValue::Text(text) => write!(object, "{separator}\"{key}\":{}", json_string(text)),
            JsonValue::Number(number) => write!(object, "{separator}\"{key}\":{number}"),
            JsonValue::Null => write!(object, "{separator}\"{key}\":null"),
        };
    }
    object.push('}');
    object
}

/// Encodes a string (RFC 8259, section 7).
fn json_string(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 2);
    encoded.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => encoded.extend(['\\', character]),
            control if control < ' ' => {
                let _ = write!(encoded, "\\u{:04x}", u32::from(control));
            }
            other => encoded.push(other),
        }
    }
    encoded.push('"');
    encoded
}

#[cfg(test)]
mod tests {
    use super::{StartOutcome, failure_object, json_object, success_object};
    use mosaic_domain::SocketName;

    #[test]
    fn objects_are_encoded_on_one_line() {
        let object = json_object(&[("type", "pane-line".into()), ("text", "a \"b\" \\ é\n\u{1b}[0m".into())]);
        assert_eq!(object, r#"{"type":"pane-line","text":"a \"b\" \\ é\u000a\u001b[0m"}"#);
    }

    #[test]
    fn a_success_states_its_outcome_and_the_pane_process() {
        let table = [
            (StartOutcome::Created, "created"),
            (StartOutcome::Adopted, "adopted"),
            (StartOutcome::AlreadyRunning, "already-running"),
        ];
        for (outcome, expected) in table {
            let agent = "coder0".parse().unwrap();
            let object = success_object(&agent, &SocketName::default(), outcome, 18960.try_into().unwrap());
            let members = r#""agent":"coder0","socket":"mosaic-factory","pid":18960"#;
            assert_eq!(object, format!(r#"{{"type":"result","outcome":"{expected}",{members}}}"#));
        }
    }

    #[test]
    fn a_failure_states_its_kind_and_reason() {
        let agent = "coder0".parse().unwrap();
        assert_eq!(
            failure_object(Some(&agent), "busy", "busy"),
            r#"{"type":"result","outcome":"refused","agent":"coder0","exit_kind":"busy","reason":"busy"}"#
        );
        assert!(failure_object(None, "", "usage").contains(r#""agent":null"#));
    }
}
