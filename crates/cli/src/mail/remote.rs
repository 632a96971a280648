//! Messages to agents on another host: the same command there, reached by ssh. Nothing of a message is
//! on a command line; the other side says when it is ready to hear it, so that what became of it is
//! known also when the connection breaks.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::thread::{self, JoinHandle};

use mosaic_domain::ExitCode;

use super::{Dispatch, Office, Receipts, RemoteError};
use crate::context::Context;
use crate::error::CommandError;
use crate::view::print_json;

/// A host as ssh has it: `[USER@]HOST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteHost(String);

/// A text that is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected [USER@]HOST: letters, digits, and any of . _ - : @ % [ ]")]
pub(crate) struct InvalidRemoteHost;

impl FromStr for RemoteHost {
    type Err = InvalidRemoteHost;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let allowed = |letter: char| letter.is_alphanumeric() || "._-:@%[]".contains(letter);
        let valid = !given.is_empty() && !given.starts_with('-') && given.chars().all(allowed);
        if valid { Ok(Self(given.to_owned())) } else { Err(InvalidRemoteHost) }
    }
}

/// What the other side says when it can be told.
const READY: &str = "mosaic-ready";

/// What is run there: constant, and read alike by every login shell. A login by ssh often has a shorter
/// path than one at a terminal.
const THERE: &str =
    "sh -c 'PATH=\"$HOME/.local/bin:$HOME/.config/mosaic/tools/fleet:$PATH\"; export PATH; exec mosaic agent receive'";

/// Sends a message by another host's `mosaic`. `ssh` is what reaches it, with its options.
///
/// # Errors
/// The host was not reached, has no `mosaic`, or was lost in between.
pub(crate) fn send_to(host: &RemoteHost, dispatch: &Dispatch, ssh: &str) -> Result<Receipts, CommandError> {
    let mut words = ssh.split_whitespace();
    let program = words.next().unwrap_or("ssh");
    let mut command = Command::new(program);
    command.args(words).args(["-T", "-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=10", "--", &host.0, THERE]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let no_ssh = |source| RemoteError::NoSsh { program: program.to_owned(), source };
    let mut child = command.spawn().map_err(no_ssh)?;
    let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(no_ssh(io::Error::other("it has no pipes")).into());
    };
    let errors = thread::spawn(move || listen(errors));
    let mut output = BufReader::new(output);
    let ready = wait_ready(&mut output);
    if !ready {
        drop(input);
        return Err(not_told(&host.0, &mut child, errors).into());
    }
    let told = tell(input, dispatch);
    let mut answer = String::new();
    let heard = output.read_to_string(&mut answer);
    let status = child.wait();
    let said = errors.join().unwrap_or_default();
    match serde_json::from_str::<Receipts>(&answer) {
        Ok(receipts) if told.is_ok() && heard.is_ok() => Ok(receipts),
        _ => {
            let code = status.ok().and_then(|status| status.code());
            Err(match code {
                // Wrong words and settings are found before anything is typed; of all else nothing is known.
                Some(code @ (64 | 69 | 78)) => RemoteError::Refused { host: host.0.clone(), said, code },
                _ => RemoteError::Lost { host: host.0.clone(), said },
            }
            .into())
        }
    }
}

fn wait_ready(output: &mut BufReader<ChildStdout>) -> bool {
    // A login may print something of its own before, in whatever encoding.
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        if line.trim_ascii_end() == READY.as_bytes() {
            return true;
        }
        line.clear();
    }
    false
}

fn not_told(host: &str, child: &mut Child, errors: JoinHandle<String>) -> RemoteError {
    let code = child.wait().ok().and_then(|status| status.code());
    let (host, said) = (host.to_owned(), errors.join().unwrap_or_default());
    match code {
        Some(126 | 127) => RemoteError::NoMosaic { host, said },
        Some(64) => RemoteError::TooOld { host, said },
        Some(255) | None => RemoteError::NotReached { host, said },
        Some(code) => RemoteError::Refused { host, said, code },
    }
}

fn tell(mut input: impl Write, dispatch: &Dispatch) -> io::Result<()> {
    serde_json::to_writer(&mut input, dispatch)?;
    input.write_all(b"\n")?;
    input.flush()
}

/// The last of what ssh and the other side have to say.
fn listen(errors: ChildStderr) -> String {
    let mut said = Vec::new();
    let mut errors = errors.take(64 << 10);
    // A connection that breaks has said what it had to.
    let _ = errors.read_to_end(&mut said);
    let _ = io::copy(&mut errors.into_inner(), &mut io::sink());
    String::from_utf8_lossy(&said).into_owned()
}

/// The other side: hears one message, delivers it, and tells what became of it.
///
/// # Errors
/// What was heard is no message, or [`Office::carry_out`] fails.
pub(crate) fn receive(context: &Context) -> Result<ExitCode, CommandError> {
    let failed = |source| CommandError::io("use", "standard output", source);
    println_flushed(READY).map_err(failed)?;
    let mut line = String::new();
    let heard = io::stdin().lock().read_line(&mut line);
    heard.map_err(|source| CommandError::io("read", "standard input", source))?;
    let dispatch: Dispatch = serde_json::from_str(&line)
        .map_err(|error| CommandError::Usage(format!("standard input is no message of another mosaic: {error}")))?;
    let receipts = Office::new(context).carry_out(&dispatch)?;
    print_json(&receipts)?;
    Ok(receipts.exit_code())
}

fn println_flushed(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
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
