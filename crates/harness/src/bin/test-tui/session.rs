use crate::key_parser::KeyParser;
use crate::options::Options;
use crate::raw_terminal::RawTerminal;
use crate::screen::Screen;
use crate::submission_log::SubmissionLog;
use crate::tui::Tui;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio::stdin;
use rustix::time::Timespec;
use signal_hook::consts::SIGWINCH;
use std::io::Read;
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
pub(crate) fn run(options: Options, log: SubmissionLog) {
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
            tui.obey(parser.feed(&bytes));
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
            tui.obey(parser.decide());
            continue;
        }
        let Some(bytes) = RawTerminal::read() else { return };
        match &mut early {
            Some(early) => early.extend(bytes),
            None => tui.obey(parser.feed(&bytes)),
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
