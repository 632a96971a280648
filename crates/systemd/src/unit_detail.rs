//! What a report says of one unit.

use std::path::PathBuf;

use jiff::Timestamp;
use mosaic_domain::{ExitVerdict, Pid};

use crate::ActiveState;

/// One unit, looked at closely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitDetail {
    /// Is it running?
    pub active: ActiveState,
    /// The finer state: `running`, `auto-restart`, …
    pub sub: String,
    /// How it ended the last time, in systemd's words: `success`, `exit-code`, `start-limit-hit`, …
    pub result: String,
    /// How its main process ended the last time; nothing while that has never run or still runs.
    pub exec_main_status: Option<ExitVerdict>,
    /// How often systemd has started it again by itself since somebody last did.
    pub n_restarts: u32,
    /// When its state last changed.
    pub since: Option<Timestamp>,
    /// Its main process.
    pub main_pid: Option<Pid>,
    /// Its control group, as a path below the root of the hierarchy.
    pub control_group: Option<PathBuf>,
}

impl UnitDetail {
    /// From `ExecMainCode`, which is `si_code` of the child's `SIGCHLD`, and `ExecMainStatus`.
    pub(crate) fn verdict(code: i32, status: i32) -> Option<ExitVerdict> {
        const EXITED: i32 = 1;
        const KILLED: i32 = 2;
        const DUMPED: i32 = 3;
        let status = u8::try_from(status).ok()?;
        match code {
            EXITED => Some(ExitVerdict::Code(status)),
            KILLED | DUMPED => Some(ExitVerdict::Signal(status)),
            _ => None,
        }
    }
}
