//! Messages to agents on another host, by the `mosaic` there, which is reached by ssh.
//!
//! No part of a message is on a command line. The other host prints a line when it is ready to receive; before that line
//! nothing was sent, so the outcome is known even if the connection is lost.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::thread::JoinHandle;
use std::time::Instant;

use mosaic_domain::SocketName;
use mosaic_process::spawn_thread;
use mosaic_tmux::PaneTarget;

use crate::{
    Addressees, MessageSender, Outcome, Receipt, Receipts, Refusal, SendError, SendRequest, UnconfirmedReason,
};

/// Exit codes of the `mosaic` on the other host (sysexits.h): the request is invalid.
const EX_USAGE: i32 = 64;
/// tmux or another necessary service is missing.
const EX_UNAVAILABLE: i32 = 69;
/// The fleet's configuration is invalid.
const EX_CONFIG: i32 = 78;

/// A host as ssh names it: `[USER@]HOST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteHost(String);

/// A text that is not a host.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected [USER@]HOST: letters, digits, and any of . _ - : @ % [ ]")]
pub struct InvalidRemoteHost;

impl RemoteHost {
    /// Returns the name of the host, without the user.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit_once('@').map_or(&self.0, |(_, name)| name)
    }
}

impl FromStr for RemoteHost {
    type Err = InvalidRemoteHost;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let allowed = |letter: char| letter.is_alphanumeric() || "._-:@%[]".contains(letter);
        let valid = !given.is_empty() && !given.starts_with('-') && given.chars().all(allowed);
        if valid { Ok(Self(given.to_owned())) } else { Err(InvalidRemoteHost) }
    }
}

/// What the other host prints when it is ready to receive.
const READY: &str = "mosaic-ready";

/// The command on the other host: constant, and parsed alike by every login shell. A login by ssh often has a shorter
/// `PATH` than one at a terminal.
const REMOTE_COMMAND: &str =
    "sh -c 'PATH=\"$HOME/.local/bin:$HOME/.config/mosaic/tools/fleet:$PATH\"; export PATH; exec mosaic agent receive'";

/// The command on a host without `mosaic`: it reads a line with the name of the socket, one with the pane, and the text.
const TMUX_COMMAND: &str = r##"sh -c 'command -v tmux >/dev/null || exit 127
IFS= read -r socket; IFS= read -r target; buffer=mosaic-$$
run() { tmux -u -N -L "$socket" "$@"; }
pane=$(run display-message -p -t "$target" "#{pane_id}" </dev/null 2>/dev/null)
case $pane in %*) ;; *) cat >/dev/null; echo mosaic-no-pane; exit 0 ;; esac
run load-buffer -b "$buffer" - || exit 1
ready="#{&&:#{==:#{pane_dead},0},#{==:#{pane_in_mode},0}}"
typed=$(run if-shell -F -t "$pane" "$ready" "paste-buffer -p -r -d -b $buffer -t $pane ; display-message -p typed" "delete-buffer -b $buffer ; display-message -p rejected")
[ "$typed" = typed ] || { echo mosaic-rejected; exit 0; }
sleep 1
run if-shell -F -t "$pane" "$ready" "send-keys -t $pane Enter"
echo mosaic-typed'"##;

/// Sends a message by another host's `mosaic`. If the host has none, tmux there types a message to a pane, without a
/// confirmation. `ssh` is the command that reaches the host, with its options.
///
/// # Errors
/// The host cannot be reached, has no suitable `mosaic`, or the connection is lost.
pub fn send_to_host(host: &RemoteHost, request: &SendRequest, ssh: &str) -> Result<Receipts, RemoteError> {
    let mut command = ssh_command(host, ssh, REMOTE_COMMAND);
    let program = command.get_program().to_string_lossy().into_owned();
    let no_ssh = |source| RemoteError::NoSsh { program: program.clone(), source };
    let mut child = command.spawn().map_err(no_ssh)?;
    let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(no_ssh(io::Error::other("it has no pipes")));
    };
    let errors = spawn_thread(move || read_errors(errors)).map_err(no_ssh)?;
    let mut reader = BufReader::new(output);
    let ready = wait_until_ready(&mut reader);
    if !ready {
        drop(input);
        let error = not_ready(&host.0, &mut child, errors);
        return match (&error, &request.to) {
            (RemoteError::NoMosaic { .. }, Addressees::Target { socket, target }) => {
                type_by_tmux(host, (socket.as_deref(), target), request, ssh)
            }
            _ => Err(error),
        };
    }
    let sent = write_request(input, request);
    let mut answer = String::new();
    let received = reader.read_to_string(&mut answer);
    let status = child.wait();
    let output = errors.join().unwrap_or_default();
    match serde_json::from_str::<Receipts>(&answer) {
        Ok(receipts) if sent.is_ok() && received.is_ok() => Ok(receipts),
        _ => {
            let code = status.ok().and_then(|status| status.code());
            Err(match code {
                // These errors are found before anything is typed. After any other, the outcome is unknown.
                Some(code @ (EX_USAGE | EX_UNAVAILABLE | EX_CONFIG)) => {
                    RemoteError::Refused { host: host.0.clone(), output, code }
                }
                _ => RemoteError::Lost { host: host.0.clone(), output },
            })
        }
    }
}

/// Returns the command that runs `remote` on the host, with pipes.
fn ssh_command(host: &RemoteHost, ssh: &str, remote: &str) -> Command {
    let mut words = ssh.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("ssh"));
    let options = ["-T", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=10", "--", &host.0, remote];
    command.args(words).args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Types a message into a pane of a host that has tmux and no `mosaic`. The server checks the pane and pastes in one
/// step, and nothing more is known of the message.
fn type_by_tmux(
    host: &RemoteHost,
    (socket, target): (Option<&str>, &str),
    request: &SendRequest,
    ssh: &str,
) -> Result<Receipts, RemoteError> {
    let began = Instant::now();
    let refused = |reason: String| RemoteError::Refused { host: host.0.clone(), output: reason, code: EX_USAGE };
    let pane: PaneTarget = target.parse().map_err(|error| refused(format!("{error}")))?;
    let socket: SocketName = socket.unwrap_or("default").parse().map_err(|error| refused(format!("{error}")))?;
    let text = request.text_for_host(host, &pane).map_err(|error| refused(format!("{error}")))?;
    let mut command = ssh_command(host, ssh, TMUX_COMMAND);
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().map_err(|source| RemoteError::NoSsh { program, source })?;
    let written = child.stdin.take().map(|mut input| write!(input, "{socket}\n{pane}\n{}", text.as_str()));
    let output = child.wait_with_output();
    let lost = |output| RemoteError::Lost { host: host.0.clone(), output };
    let output = output.map_err(|error| lost(error.to_string()))?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let outcome = match String::from_utf8_lossy(&output.stdout).lines().last() {
        Some("mosaic-typed") if written.is_some_and(|written| written.is_ok()) => {
            Outcome::Unconfirmed(UnconfirmedReason::NoMosaic(host.0.clone()))
        }
        Some("mosaic-rejected") => Outcome::Refused(Refusal::InMode),
        Some("mosaic-no-pane") => {
            let output = format!("there is no pane {pane} on the socket {socket}, and no mosaic");
            return Err(RemoteError::Refused { host: host.0.clone(), output, code: EX_UNAVAILABLE });
        }
        _ if output.status.code() == Some(127) => {
            return Err(RemoteError::NoMosaic { host: host.0.clone(), output: errors });
        }
        _ => return Err(lost(errors)),
    };
    Ok(Receipts::new(Vec::from([Receipt::unstored(&pane.to_string(), &outcome, began.elapsed())])))
}

fn wait_until_ready(reader: &mut BufReader<ChildStdout>) -> bool {
    // A login may print a text of its own before, in any encoding.
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        if line.trim_ascii_end() == READY.as_bytes() {
            return true;
        }
        line.clear();
    }
    false
}

fn not_ready(host: &str, child: &mut Child, errors: JoinHandle<String>) -> RemoteError {
    let code = child.wait().ok().and_then(|status| status.code());
    let (host, output) = (host.to_owned(), errors.join().unwrap_or_default());
    match code {
        Some(126 | 127) => RemoteError::NoMosaic { host, output },
        Some(EX_USAGE) => RemoteError::TooOld { host, output },
        Some(255) | None => RemoteError::NotReached { host, output },
        Some(code) => RemoteError::Refused { host, output, code },
    }
}

fn write_request(mut input: impl Write, request: &SendRequest) -> io::Result<()> {
    serde_json::to_writer(&mut input, request)?;
    input.write_all(b"\n")?;
    input.flush()
}

/// Reads the error output of ssh and of the other host.
fn read_errors(errors: ChildStderr) -> String {
    let mut output = Vec::new();
    let mut errors = errors.take(64 << 10);
    // The output before a broken connection is the whole output.
    let _ = errors.read_to_end(&mut output);
    let _ = io::copy(&mut errors.into_inner(), &mut io::sink());
    String::from_utf8_lossy(&output).into_owned()
}

/// A message that was not sent to another host, or whose outcome there is unknown.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// ssh cannot be run.
    #[error("cannot run {program}: {source}; install an SSH client, or set MOSAIC_SSH to one")]
    NoSsh {
        /// The program.
        program: String,
        /// The error.
        source: io::Error,
    },
    /// The host cannot be reached.
    #[error("cannot reach {host}; nothing was sent to it{}", suffix(.output))]
    NotReached {
        /// The host.
        host: String,
        /// The output of ssh.
        output: String,
    },
    /// There is no `mosaic` on the host.
    #[error(
        "there is no mosaic on {host}, so nothing was sent: install it there (mosaic fleet install) in ~/.local/bin, or in a directory of its PATH{}",
        suffix(.output)
    )]
    NoMosaic {
        /// The host.
        host: String,
        /// The output of the host.
        output: String,
    },
    /// The `mosaic` on the host is too old to receive messages.
    #[error("the mosaic on {host} cannot receive messages: install this version there{}", suffix(.output))]
    TooOld {
        /// The host.
        host: String,
        /// The output of the host.
        output: String,
    },
    /// The host has rejected the message.
    #[error("{host} rejected the message{}", suffix(.output))]
    Refused {
        /// The host.
        host: String,
        /// The output of the host.
        output: String,
        /// The exit code of its `mosaic`.
        code: i32,
    },
    /// The connection was lost after the message was sent.
    #[error("delivery to {host} is unknown: the connection was lost after the message was sent; check there before you resend{}", suffix(.output))]
    Lost {
        /// The host.
        host: String,
        /// The output of the host.
        output: String,
    },
}

fn suffix(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// A message from another host that cannot be received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The line that says that this host is ready cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
    /// The request cannot be read.
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    /// The input is not a request.
    #[error("standard input is not a message of another mosaic: {0}")]
    Invalid(#[source] serde_json::Error),
    /// The message cannot be sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// Receives one message from another host, and delivers it. The caller prints the receipts as JSON on `output`.
///
/// # Errors
/// The input is not a request, or [`MessageSender::send`] fails.
pub fn receive(
    sender: &MessageSender,
    mut input: impl BufRead,
    mut output: impl Write,
) -> Result<Receipts, ReceiveError> {
    writeln!(output, "{READY}").and_then(|()| output.flush()).map_err(ReceiveError::Output)?;
    let mut line = String::new();
    input.read_line(&mut line).map_err(ReceiveError::Input)?;
    let request: SendRequest = serde_json::from_str(&line).map_err(ReceiveError::Invalid)?;
    Ok(sender.send(&request)?)
}

#[cfg(test)]
mod tests {
    use super::RemoteHost;

    #[test]
    fn a_host_is_never_an_option() {
        for host in ["build1", "ops@build1.example", "user@[::1]", "10.0.0.7"] {
            assert!(host.parse::<RemoteHost>().is_ok(), "{host}");
        }
        for wrong in ["", "-oProxyCommand=x", "a b", "a;b", "$(x)", "a'b"] {
            assert!(wrong.parse::<RemoteHost>().is_err(), "{wrong}");
        }
    }
}
