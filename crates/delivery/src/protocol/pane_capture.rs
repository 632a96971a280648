//! One capture of the pane that a message is typed into.

use mosaic_domain::Pid;
use mosaic_process::TerminalInput;
use mosaic_runtimes::Screen;
use mosaic_tmux::CapturedPane;

/// Which process is in the pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaneProcess {
    /// The process that the message is for.
    Expected,
    /// The process that the message is for, and it has ended.
    Dead,
    /// Another process.
    Another,
    /// None: the pane no longer exists.
    Gone,
}

/// The state of a pane at one moment.
#[derive(Clone, Debug)]
pub struct PaneCapture {
    /// Which process is in the pane.
    pub process: PaneProcess,
    /// Whether the pane is in a mode.
    pub in_mode: bool,
    /// The content of the pane.
    pub screen: Screen,
    /// The state of the terminal's input queue; `None` if it cannot be read.
    pub input: Option<TerminalInput>,
    /// Whether the agent reports that it has the message.
    pub is_reported: bool,
    /// Whether a shell alone reads the terminal. The frame of a program that has ended may still be on the screen.
    pub is_shell: bool,
}

impl PaneCapture {
    /// Interprets a capture by tmux of the pane whose process should be `expected`; without a capture, the pane no longer
    /// exists.
    #[must_use]
    pub fn new(captured: Option<&CapturedPane>, expected: Pid) -> Self {
        let process = match captured {
            None => PaneProcess::Gone,
            Some(captured) if captured.pid.is_some_and(|pid| pid != expected) => PaneProcess::Another,
            Some(captured) if captured.dead => PaneProcess::Dead,
            Some(_) => PaneProcess::Expected,
        };
        Self {
            process,
            in_mode: captured.is_some_and(|captured| captured.in_mode),
            screen: captured.map_or_else(Screen::blank, Screen::from_capture),
            // The terminal of a dead pane may belong to another pane by now.
            input: captured
                .filter(|_| process == PaneProcess::Expected)
                .and_then(|captured| TerminalInput::read(&captured.terminal).ok()),
            is_reported: false,
            is_shell: false,
        }
    }
}
