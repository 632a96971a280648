//! A client in tmux's control mode. It receives what a session prints, byte for byte, and displays nothing.
//!
//! The client is a child of this process. It types nothing, and no window is resized for it. It ends when its
//! standard input is closed; but if the server has output for it at that moment, tmux 3.3 keeps the client
//! forever. The caller therefore passes a [`BindCommand`], which makes the child end with this process.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Instant;

use mosaic_process::{BoundedError, spawn_thread};

use crate::{PaneId, Server, TmuxError};

/// Wraps a command such that its process is killed when this process ends for any reason.
pub type BindCommand<'a> = &'a dyn Fn(&Command) -> Command;

/// The number of lines that are buffered for a slow reader. Further lines are dropped.
const BACKLOG: usize = 4096;

/// The client, with the lines that it receives.
#[derive(Debug)]
pub(crate) struct ControlClient {
    server: Server,
    child: Child,
    input: ChildStdin,
    lines: Receiver<Vec<u8>>,
}

impl ControlClient {
    /// Attaches to a session, an exact target, with these flags of tmux's `attach-session`.
    pub(crate) fn attach(server: &Server, target: &str, flags: &str, bind: BindCommand<'_>) -> Result<Self, TmuxError> {
        let mut command = server.client();
        command.args(["-C", "attach-session", "-f", flags, "-t", target]);
        let mut command = bind(&command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let failed = |source: io::Error| TmuxError::Run {
            program: server.program().to_owned(),
            source: BoundedError::Start(source),
        };
        let mut child = command.spawn().map_err(failed)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(io::Error::other("it has no pipes")));
        };
        let mut output = BufReader::new(output);
        let (sender, lines) = sync_channel(BACKLOG);
        if let Err(error) = spawn_thread(move || forward_lines(&mut output, &sender)) {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(error));
        }
        let client = Self { server: server.clone(), child, input, lines };
        // The answer to attach-session itself.
        client.read_answer(Instant::now() + server.timeout())?;
        Ok(client)
    }

    /// Runs commands, separated by `;`, and returns the lines of the answer to each. The answers cover all
    /// output before this moment, and [`ControlClient::next_line`] returns what comes after it.
    pub(crate) fn run<const N: usize>(&mut self, commands: [&str; N]) -> Result<[Vec<String>; N], TmuxError> {
        let deadline = Instant::now() + self.server.timeout();
        // On one line, so that tmux runs all commands before it reads another byte of any pane.
        if writeln!(self.input, "{}", commands.join(" ; ")).is_err() {
            return Err(self.gone());
        }
        let mut answers = [const { Vec::new() }; N];
        for answer in &mut answers {
            *answer = self.read_answer(deadline)?;
        }
        Ok(answers)
    }

    /// Waits for the next line. `None` if the session or the server is gone.
    pub(crate) fn next_line(&self) -> Option<ControlLine> {
        self.lines.recv().ok().map(|line| ControlLine::parse(&line))
    }

    fn read_answer(&self, deadline: Instant) -> Result<Vec<String>, TmuxError> {
        let mut guard = None;
        while guard.is_none() {
            guard = self.read_line(deadline)?.strip_prefix("%begin ").map(str::to_owned);
        }
        // The lines in between may have any form; only a line with the same numbers ends the answer.
        let guard = guard.unwrap_or_default();
        let mut lines = Vec::new();
        loop {
            let line = self.read_line(deadline)?;
            if line.strip_prefix("%end ") == Some(&guard) {
                return Ok(lines);
            }
            if line.strip_prefix("%error ") == Some(&guard) {
                return Err(self.command_failed(lines.join("; ")));
            }
            lines.push(line);
        }
    }

    fn read_line(&self, deadline: Instant) -> Result<String, TmuxError> {
        match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => Ok(String::from_utf8_lossy(&line).into_owned()),
            Err(RecvTimeoutError::Disconnected) => Err(self.gone()),
            Err(RecvTimeoutError::Timeout) => Err(self.timed_out()),
        }
    }

    fn command_failed(&self, message: String) -> TmuxError {
        TmuxError::CommandFailed { socket: self.server.socket().clone(), command: "attach-session", message }
    }

    fn gone(&self) -> TmuxError {
        self.command_failed("the session is gone".to_owned())
    }

    fn timed_out(&self) -> TmuxError {
        TmuxError::Timeout { socket: self.server.socket().clone(), timeout: self.server.timeout() }
    }
}

impl Drop for ControlClient {
    fn drop(&mut self) {
        // Closing its input would end it too, unless the server hangs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads every line at once, whether or not the receiver keeps up: tmux 3.3 stops reading from a pane while one
/// of its clients does not read, and the agent would be blocked by this process.
fn forward_lines(output: &mut impl BufRead, sender: &SyncSender<Vec<u8>>) {
    let mut line = Vec::new();
    let mut lost = false;
    while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        line.pop();
        lost = lost && sender.try_send(ControlLine::LOST.into()).is_err();
        let sent = if lost { Ok(()) } else { sender.try_send(std::mem::take(&mut line)) };
        match sent {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => lost = true,
            Err(TrySendError::Disconnected(_)) => return,
        }
        line.clear();
    }
}

/// A line of the control protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ControlLine {
    /// A pane printed these bytes.
    Output(PaneId, Vec<u8>),
    /// Lines are missing here, because the receiver was too slow.
    Lost,
    /// The client is about to end, for this reason.
    Exit(String),
    /// Any other line.
    Other,
}

impl ControlLine {
    /// The stand-in for lost lines. It is not a word of the protocol.
    const LOST: &str = "%lost";

    fn parse(line: &[u8]) -> Self {
        let text = String::from_utf8_lossy(line);
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        match word {
            "%exit" => Self::Exit(rest.to_owned()),
            "%output" => Self::parse_output(line).unwrap_or(Self::Other),
            Self::LOST => Self::Lost,
            _ => Self::Other,
        }
    }

    fn parse_output(line: &[u8]) -> Option<Self> {
        let rest = line.strip_prefix(b"%output ")?;
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let pane = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        Some(Self::Output(pane, unescape(&rest[space + 1..])))
    }
}

/// Decodes output, in which tmux writes control characters and the backslash as `\ooo`.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        match after {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] if *first == b'\\' => {
                bytes.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{ControlLine, forward_lines};
    use std::sync::mpsc::sync_channel;

    #[test]
    fn lines_beyond_the_backlog_are_lost() {
        let (sender, lines) = sync_channel(3);
        forward_lines(&mut b"1\n2\n3\n4\n5\n".as_slice(), &sender);
        assert_eq!(lines.try_iter().collect::<Vec<_>>(), [b"1", b"2", b"3"]);
    }

    #[test]
    fn lines_of_the_protocol_are_parsed() {
        // Captured from tmux 3.3a.
        let output = |text: &[u8]| ControlLine::Output("%0".parse().unwrap(), text.to_vec());
        let table: [(&[u8], ControlLine); 9] = [
            (b"%begin 1795201382 269 1", ControlLine::Other),
            (b"%end 1795201382 269 1", ControlLine::Other),
            (b"%output", ControlLine::Other),
            (b"%exit", ControlLine::Exit(String::new())),
            (b"%exit too far behind", ControlLine::Exit("too far behind".to_owned())),
            (b"%output %0 a\\011b\\134c\\033[31mred\\015\\012", output(b"a\tb\\c\x1b[31mred\r\n")),
            (b"%output %0 \xff two  spaces ", output(b"\xff two  spaces ")),
            (b"%lost", ControlLine::Lost),
            (b"%session-changed $0 a1", ControlLine::Other),
        ];
        for (line, expected) in table {
            assert_eq!(ControlLine::parse(line), expected);
        }
    }
}
