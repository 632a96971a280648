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

/// How long an escape may be the beginning of something, and how often files are looked for.
const SOON: Duration = Duration::from_millis(20);
/// What the glyph of a spinner is shown for.
const GLYPH: Duration = Duration::from_millis(30);
const HIDE_CURSOR: &str = "\x1b[?25l";
const BRACKETED_PASTE: &str = "\x1b[?2004h";
const AS_BEFORE: &str = "\r\n\x1b[?2004l\x1b[?25h";

/// Shows the program, and lets it have what comes in, until it wants to end or the terminal does.
pub(crate) fn run_tui(options: Options, log: SubmissionLog) {
    let _raw = RawTerminal::enter();
    let mut screen = Screen::new(RawTerminal::output());
    let resized = notice_resizes();
    let (began, spins, bracketed) = (Instant::now(), options.spinner, !options.no_bracketed_paste);
    let mut tui = Tui::new(options, log);
    let mut parser = KeyParser::new(bracketed);
    let mut size = RawTerminal::size();
    // While it loads, bytes are kept as they come: it is not yet known what they mean.
    let mut early = Some(Vec::new());
    screen.write(HIDE_CURSOR);
    loop {
        tui.look();
        if let Some(bytes) = early.take_if(|_| !tui.is_loading()) {
            if bracketed {
                screen.write(BRACKETED_PASTE);
            }
            tui.handle_keys(parser.feed(&bytes));
        }
        if RawTerminal::size() != size {
            size = RawTerminal::size();
            screen.clear();
            tui.forget_drawn();
        }
        if tui.has_ended() {
            break;
        }
        let glyph = spins.then(|| usize::try_from(began.elapsed().as_millis() / GLYPH.as_millis()).unwrap_or(0));
        screen.draw(&tui.new_lines(size), tui.block(glyph, size));
        let soon = tui.is_waiting() || parser.is_undecided();
        let timeout = if soon { Some(SOON) } else { spins.then_some(GLYPH) };
        if !wait(&resized, timeout) {
            tui.handle_keys(parser.decide());
            continue;
        }
        let Some(bytes) = RawTerminal::read() else { return };
        match &mut early {
            Some(early) => early.extend(bytes),
            None => tui.handle_keys(parser.feed(&bytes)),
        }
    }
    screen.write(AS_BEFORE);
}

/// What becomes readable when the terminal has another size.
fn notice_resizes() -> UnixStream {
    let (resized, tell) = UnixStream::pair().expect("a pair of sockets");
    resized.set_nonblocking(true).expect("a socket that does not block");
    signal_hook::low_level::pipe::register(SIGWINCH, tell).expect("a handler of a signal");
    resized
}

/// Whether something has come in.
fn wait(mut resized: &UnixStream, timeout: Option<Duration>) -> bool {
    let keyboard = stdin();
    let mut fds = [PollFd::new(&keyboard, PollFlags::IN), PollFd::new(resized, PollFlags::IN)];
    let timeout = timeout.map(|timeout| Timespec::try_from(timeout).expect("a moment fits"));
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

/// The terminal, which hands over every byte as it comes; what it was like before it is again when
/// this is dropped.
#[derive(Debug)]
pub(crate) struct RawTerminal(Termios);

impl RawTerminal {
    /// What was typed before is kept.
    pub(crate) fn enter() -> Self {
        let before = tcgetattr(stdin()).expect("standard input is a terminal");
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw).expect("change the terminal");
        Self(before)
    }

    /// What to draw on; not std's, which would cut what is written at its last line end.
    pub(crate) fn output() -> File {
        File::from(stdout().try_clone_to_owned().expect("a descriptor for the terminal"))
    }

    pub(crate) fn size() -> Size {
        let size = tcgetwinsize(stdout()).expect("a terminal has a size");
        Size { columns: usize::from(size.ws_col).max(1), rows: usize::from(size.ws_row).max(1) }
    }

    /// What came in; none when the terminal is gone.
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

/// A program that leaves editing to the terminal, as most interpreters do without a library.
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
