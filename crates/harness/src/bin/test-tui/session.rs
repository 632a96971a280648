use crate::keyboard::KeyParser;
use crate::options::Options;
use crate::screen::{Screen, Size};
use crate::tui::{SubmissionLog, Tui};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use rustix::time::Timespec;
use signal_hook::consts::SIGWINCH;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long an escape can start a sequence, and how often awaited files are checked.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How long the spinner shows each glyph.
const GLYPH_DURATION: Duration = Duration::from_millis(30);
const HIDE_CURSOR: &str = "\x1b[?25l";
const BRACKETED_PASTE: &str = "\x1b[?2004h";
const RESTORE_TERMINAL: &str = "\r\n\x1b[?2004l\x1b[?25h";

/// Runs the program until it ends or the terminal is closed.
pub(crate) fn run_tui(options: Options, log: SubmissionLog) {
    let _raw = RawTerminal::enter();
    let mut screen = Screen::new(RawTerminal::output());
    let resized = watch_resizes();
    let (began, spins, bracketed) = (Instant::now(), options.spinner, !options.no_bracketed_paste);
    let mut tui = Tui::new(options, log);
    let mut parser = KeyParser::new(bracketed);
    let mut size = RawTerminal::size();
    // While it loads, input is kept as raw bytes, since bracketed paste is not enabled yet.
    let mut early = Some(Vec::new());
    screen.write(HIDE_CURSOR);
    loop {
        tui.poll();
        if let Some(bytes) = early.take_if(|_| !tui.is_loading()) {
            if bracketed {
                screen.write(BRACKETED_PASTE);
            }
            tui.handle_keys(parser.feed(&bytes));
        }
        if RawTerminal::size() != size {
            size = RawTerminal::size();
            screen.clear();
            tui.invalidate();
        }
        if tui.has_ended() {
            break;
        }
        let glyph =
            spins.then(|| usize::try_from(began.elapsed().as_millis() / GLYPH_DURATION.as_millis()).unwrap_or(0));
        screen.draw(&tui.new_lines(size), tui.block(glyph, size));
        let soon = tui.is_waiting() || parser.is_ambiguous();
        let timeout = if soon { Some(POLL_INTERVAL) } else { spins.then_some(GLYPH_DURATION) };
        if !wait(&resized, timeout) {
            tui.handle_keys(parser.resolve());
            continue;
        }
        let Some(bytes) = RawTerminal::read() else { return };
        match &mut early {
            Some(early) => early.extend(bytes),
            None => tui.handle_keys(parser.feed(&bytes)),
        }
    }
    screen.write(RESTORE_TERMINAL);
}

/// Returns a socket that becomes readable when the size of the terminal changes.
fn watch_resizes() -> UnixStream {
    let (resized, tell) = UnixStream::pair().expect("a pair of sockets");
    resized.set_nonblocking(true).expect("a socket that does not block");
    signal_hook::low_level::pipe::register(SIGWINCH, tell).expect("a handler of a signal");
    resized
}

/// Waits for input or a resize; returns whether there is input.
fn wait(mut resized: &UnixStream, timeout: Option<Duration>) -> bool {
    let keyboard = stdin();
    let mut fds = [PollFd::new(&keyboard, PollFlags::IN), PollFd::new(resized, PollFlags::IN)];
    let timeout = timeout.map(|timeout| Timespec::try_from(timeout).expect("the timeout fits a timespec"));
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) => {}
        Err(Errno::INTR) => return false,
        Err(error) => panic!("poll: {error}"),
    }
    let has_input = !fds[0].revents().is_empty();
    if !fds[1].revents().is_empty() {
        let _ = resized.read(&mut [0; 64]);
    }
    has_input
}

/// The terminal in raw mode. Drop restores the previous mode.
#[derive(Debug)]
pub(crate) struct RawTerminal(Termios);

impl RawTerminal {
    /// Enters raw mode and keeps pending input.
    pub(crate) fn enter() -> Self {
        let before = tcgetattr(stdin()).expect("standard input is a terminal");
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw).expect("change the terminal");
        Self(before)
    }

    /// Returns the terminal for unbuffered output; std's standard output is line-buffered.
    pub(crate) fn output() -> File {
        File::from(stdout().try_clone_to_owned().expect("a descriptor for the terminal"))
    }

    pub(crate) fn size() -> Size {
        let size = tcgetwinsize(stdout()).expect("a terminal has a size");
        Size { columns: usize::from(size.ws_col).max(1), rows: usize::from(size.ws_row).max(1) }
    }

    /// Reads available bytes; `None` if the terminal is closed.
    pub(crate) fn read() -> Option<Vec<u8>> {
        let mut bytes = vec![0; 65_536];
        let length = match rustix::io::read(stdin(), &mut bytes) {
            Ok(0) | Err(Errno::IO) => return None,
            Ok(length) => length,
            Err(Errno::INTR) => 0,
            Err(error) => panic!("read from the terminal: {error}"),
        };
        bytes.truncate(length);
        Some(bytes)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}

/// Reads lines with the terminal's own line editing, like an interpreter without an editing library.
pub(crate) fn run_line_reader(mut log: SubmissionLog) {
    loop {
        print!("> ");
        io::stdout().flush().expect("write to the terminal");
        let mut line = String::new();
        if io::stdin().read_line(&mut line).expect("read from the terminal") == 0 {
            return;
        }
        log.write(&line.strip_suffix('\n').unwrap_or(&line));
    }
}
