//! Asking how a pane process ended until tmux knows.

use std::io;
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use mosaic_domain::{ExitVerdict, ProcessIdentity};
use mosaic_process::{ProcRoot, monotonic};
use mosaic_tmux::{Pane, TmuxError};

use super::end_classifier::{EndClass, Evidence, PaneState, classify};

/// How long to ask tmux for what only tmux can know.
const TMUX_VERDICT_TIMEOUT: Duration = Duration::from_secs(2);
/// The first pause between two questions, and the longest: when many agents end together, their sidecars must not keep the
/// server from what they wait for.
const TMUX_POLL_PAUSE: Duration = Duration::from_millis(5);
const TMUX_LONGEST_POLL_PAUSE: Duration = Duration::from_millis(160);

/// What the kernel knows about a process that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KernelEvidence {
    /// How it ended. `None` once tmux has waited for it.
    pub(super) verdict: Option<ExitVerdict>,
    /// Another process has its PID.
    pub(super) reused: bool,
}

impl KernelEvidence {
    pub(super) fn read(proc: &ProcRoot, process: &ProcessIdentity) -> io::Result<Self> {
        let stat = proc.stat(process.pid)?;
        // If another process has the PID by now, the kernel's verdict is not about the agent's process.
        let reused = stat.is_some_and(|stat| stat.start_ticks != process.start_ticks);
        Ok(Self { verdict: if reused { None } else { proc.exit_verdict(process.pid)? }, reused })
    }
}

/// Gathers evidence until it is decided, at most for two seconds: tmux waits for its child some time after the end, and
/// no event tells when.
pub(super) fn inquire(mut gather: impl FnMut() -> io::Result<Evidence>) -> io::Result<EndClass> {
    poll_tmux(TMUX_VERDICT_TIMEOUT, || {
        Ok(match classify(&gather()?) {
            class @ EndClass::Undecided(_) => ControlFlow::Continue(class),
            class => ControlFlow::Break(class),
        })
    })
}

/// Asks ever more rarely until an answer is final, or the time is over. Returns the last answer.
pub(super) fn poll_tmux<T>(timeout: Duration, mut ask: impl FnMut() -> io::Result<ControlFlow<T, T>>) -> io::Result<T> {
    let deadline = monotonic() + timeout;
    let mut pause = TMUX_POLL_PAUSE;
    loop {
        match ask()? {
            ControlFlow::Continue(_) if monotonic() < deadline => {
                thread::sleep(pause);
                pause = (pause * 2).min(TMUX_LONGEST_POLL_PAUSE);
            }
            ControlFlow::Continue(answer) | ControlFlow::Break(answer) => return Ok(answer),
        }
    }
}

impl From<Result<Option<Pane>, TmuxError>> for PaneState {
    fn from(answer: Result<Option<Pane>, TmuxError>) -> Self {
        match answer {
            Ok(Some(pane)) => Self::Present(pane),
            Ok(None) => Self::Gone,
            Err(_) => Self::Unknown,
        }
    }
}
