//! The report of a sidecar on how the start went: to the launcher that spawned it, or to systemd.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};

/// The report to the launcher: one line on the sidecar's standard output, which it then closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartReport {
    /// The command runs, and its first heartbeat is written.
    Ready,
    /// The command ended at once, in this way. The pane's last lines follow.
    Ended(String),
    /// Another sidecar watches the agent; the text is the error.
    Busy(String),
    /// The sidecar cannot do its work; the text is the error.
    Failed(String),
}

impl StartReport {
    /// Parses the line. An unknown line counts as a failure.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("ready", _) => Self::Ready,
            ("ended", how) => Self::Ended(how.to_owned()),
            ("busy", reason) => Self::Busy(reason.to_owned()),
            ("failed", reason) => Self::Failed(reason.to_owned()),
            _ => Self::Failed(format!("it reported '{}'", line.escape_debug())),
        }
    }
}

impl fmt::Display for StartReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Ended(how) => write!(f, "ended {how}"),
            Self::Busy(reason) => write!(f, "busy {}", reason.replace('\n', " ")),
            Self::Failed(reason) => write!(f, "failed {}", reason.replace('\n', " ")),
        }
    }
}

/// Who waits for the report.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Starter {
    /// systemd, which is notified by its own protocol.
    Systemd,
    /// The launcher, which reads standard output.
    Launcher,
    /// The report was made.
    Informed,
}

impl Starter {
    /// Leaves the session and the terminal of the launcher.
    pub(super) fn detach() -> io::Result<Self> {
        match rustix::process::setsid() {
            // EPERM: this process leads a session already.
            Ok(_) | Err(rustix::io::Errno::PERM) => Ok(Self::Launcher),
            Err(error) => Err(error.into()),
        }
    }

    /// Reports that the command runs.
    pub(super) fn report_ready(&mut self) -> io::Result<()> {
        self.report(&StartReport::Ready, &[]);
        if *self == Self::Launcher {
            // Closes the pipe, so that neither the launcher nor a reader of its output waits until the agent ends.
            rustix::stdio::dup2_stdout(OpenOptions::new().write(true).open("/dev/null")?)?;
        }
        *self = Self::Informed;
        Ok(())
    }

    /// Reports that the command ended, with the pane's last lines, unless it was reported to run before.
    pub(super) fn report_ended(&mut self, how: &str, lines: &[String]) {
        self.report(&StartReport::Ended(how.to_owned()), lines);
    }

    /// Reports that the sidecar cannot do its work.
    pub(super) fn report_failed(&mut self, report: &StartReport) {
        self.report(report, &[]);
    }

    /// Returns whether it was reported that the command runs.
    pub(super) fn is_informed(&self) -> bool {
        *self == Self::Informed
    }

    fn report(&self, report: &StartReport, lines: &[String]) {
        if *self == Self::Launcher {
            let text: String =
                std::iter::once(report.to_string()).chain(lines.iter().cloned()).map(|line| line + "\n").collect();
            // An error is ignored: the launcher may have been killed.
            let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StartReport;

    #[test]
    fn reports_round_trip_through_their_line() {
        let ended = StartReport::Ended("exited with code 7".to_owned());
        let busy = StartReport::Busy("another sidecar watches this agent".to_owned());
        for report in [StartReport::Ready, ended, busy, StartReport::Failed("no /proc".to_owned())] {
            assert_eq!(StartReport::parse(&report.to_string()), report);
        }
        assert!(matches!(StartReport::parse("?"), StartReport::Failed(_)));
    }
}
