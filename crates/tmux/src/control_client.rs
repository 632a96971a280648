//! A client of tmux's control mode: it sees what a session prints, byte for byte, and shows nothing.
//!
//! It is a child of this process that types nothing, and for which no window is resized. It ends when
//! its standard input does; but a server that just then has something to write to it finds that nobody
//! reads any more, and keeps the client for good (tmux 3.3). So whoever asks for one hands over a
//! [`Bind`], which makes the child end with this process.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Instant;

use mosaic_process::BoundedError;

use crate::control_line::ControlLine;
use crate::{Server, TmuxError};

/// Makes of a command one whose process is killed when this process ends, whatever ends it.
pub type Bind<'a> = &'a dyn Fn(&Command) -> Command;

/// How many lines wait for a slow reader; what comes on top is lost.
const BACKLOG: usize = 4096;

/// The client, and what it hears.
#[derive(Debug)]
pub(crate) struct ControlClient {
    server: Server,
    child: Child,
    input: ChildStdin,
    lines: Receiver<Vec<u8>>,
}

impl ControlClient {
    /// Attaches to a session, an exact target, with these flags of tmux's `attach-session`, and hears it
    /// from then on.
    pub(crate) fn attach(server: &Server, target: &str, flags: &str, bind: Bind<'_>) -> Result<Self, TmuxError> {
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
        let (heard, lines) = sync_channel(BACKLOG);
        thread::spawn(move || hear(&mut output, &heard));
        let client = Self { server: server.clone(), child, input, lines };
        // The answer to attach-session itself.
        client.answer(Instant::now() + server.limit())?;
        Ok(client)
    }

    /// Runs commands, separated by `;`, and gives the lines of the answer to each. What is printed
    /// after that is what [`ControlClient::next`] gives first; what was printed before is in the
    /// answers, if it is asked for.
    pub(crate) fn ask<const N: usize>(&mut self, commands: [&str; N]) -> Result<[Vec<String>; N], TmuxError> {
        let deadline = Instant::now() + self.server.limit();
        // One line: tmux runs all of it before it reads another byte of any pane.
        if writeln!(self.input, "{}", commands.join(" ; ")).is_err() {
            return Err(self.gone());
        }
        let mut answers = [const { Vec::new() }; N];
        for answer in &mut answers {
            *answer = self.answer(deadline)?;
        }
        Ok(answers)
    }

    /// The next line that is heard; `None` if the session, or the server, is gone.
    pub(crate) fn next(&self) -> Option<ControlLine> {
        self.lines.recv().ok().map(|line| ControlLine::parse(&line))
    }

    fn answer(&self, deadline: Instant) -> Result<Vec<String>, TmuxError> {
        let mut guard = None;
        while guard.is_none() {
            guard = self.line(deadline)?.strip_prefix("%begin ").map(str::to_owned);
        }
        // What is in between is text, whatever it looks like: only the same numbers end it.
        let guard = guard.unwrap_or_default();
        let mut lines = Vec::new();
        loop {
            let line = self.line(deadline)?;
            if line.strip_prefix("%end ") == Some(&guard) {
                return Ok(lines);
            }
            if line.strip_prefix("%error ") == Some(&guard) {
                return Err(self.refused(lines.join("; ")));
            }
            lines.push(line);
        }
    }

    fn line(&self, deadline: Instant) -> Result<String, TmuxError> {
        match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => Ok(String::from_utf8_lossy(&line).into_owned()),
            Err(RecvTimeoutError::Disconnected) => Err(self.gone()),
            Err(RecvTimeoutError::Timeout) => Err(self.hung()),
        }
    }

    fn refused(&self, message: String) -> TmuxError {
        TmuxError::Refused { socket: self.server.socket().clone(), command: "attach-session", message }
    }

    fn gone(&self) -> TmuxError {
        self.refused("the session is gone".to_owned())
    }

    fn hung(&self) -> TmuxError {
        TmuxError::Hung { socket: self.server.socket().clone(), limit: self.server.limit() }
    }
}

impl Drop for ControlClient {
    fn drop(&mut self) {
        // It would end by itself as soon as its input is closed; a server that hangs keeps it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Takes every line at once, whether anybody wants it or not: tmux does not read on what a pane prints
/// while one of its clients does not take that (3.3), and the agent would wait for us.
fn hear(output: &mut impl BufRead, heard: &SyncSender<Vec<u8>>) {
    let mut line = Vec::new();
    let mut lost = false;
    while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        line.pop();
        lost = lost && heard.try_send(ControlLine::LOST.into()).is_err();
        let sent = if lost { Ok(()) } else { heard.try_send(std::mem::take(&mut line)) };
        match sent {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => lost = true,
            Err(TrySendError::Disconnected(_)) => return,
        }
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::hear;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn lines_that_nobody_takes_are_lost_and_that_is_told() {
        let (heard, lines) = sync_channel(3);
        hear(&mut b"1\n2\n3\n4\n5\n".as_slice(), &heard);
        assert_eq!(lines.try_iter().collect::<Vec<_>>(), [b"1", b"2", b"3"]);
    }
}
