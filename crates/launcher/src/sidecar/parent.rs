//! Whoever started the sidecar and wants to know how the start went.

use std::fs::OpenOptions;
use std::io::{self, Write};

use super::FirstReport;

/// Who hears the first report.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parent {
    /// systemd, by its own protocol.
    Systemd,
    /// The launcher, on the other end of standard output.
    Launcher,
    /// Nobody any more.
    Heard,
}

impl Parent {
    /// Leaves the launcher's session and terminal.
    pub(super) fn detach() -> io::Result<Self> {
        match rustix::process::setsid() {
            // EPERM: it leads a session already.
            Ok(_) | Err(rustix::io::Errno::PERM) => Ok(Self::Launcher),
            Err(error) => Err(error.into()),
        }
    }

    /// The command runs.
    pub(super) fn ready(&mut self) -> io::Result<()> {
        self.say(&FirstReport::Ready, &[]);
        if *self == Self::Launcher {
            // The launcher, and whoever reads its output, must not wait for the agent's end.
            rustix::stdio::dup2_stdout(OpenOptions::new().write(true).open("/dev/null")?)?;
        }
        *self = Self::Heard;
        Ok(())
    }

    /// The command ended; the launcher is told only if that was before it was said to run.
    pub(super) fn ended(&mut self, how: &str, lines: &[String]) {
        self.say(&FirstReport::Ended(how.to_owned()), lines);
    }

    /// The sidecar cannot do its work.
    pub(super) fn failed(&mut self, why: &str) {
        self.say(&FirstReport::Failed(why.to_owned()), &[]);
    }

    /// Was it said that the command runs?
    pub(super) fn has_heard(&self) -> bool {
        *self == Self::Heard
    }

    fn say(&self, report: &FirstReport, lines: &[String]) {
        if *self == Self::Launcher {
            let text: String =
                std::iter::once(report.to_string()).chain(lines.iter().cloned()).map(|line| line + "\n").collect();
            // A launcher that was killed meanwhile does not want to know.
            let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
        }
    }
}
