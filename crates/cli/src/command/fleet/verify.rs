//! `mosaic fleet verify`: checks the fleet against its roster.

use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use mosaic_exit_code::ExitCode;
use mosaic_probe::verify::Status;
use mosaic_probe::{Scope, Verification};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};

use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::{JsonArg, NamedAgents, Seconds};
use crate::view::{print, print_json, render, verification_page};

/// Check that the fleet matches the roster, and show how to fix what does not
///
/// If agents are named, checks of other agents are omitted. A check whose source cannot be read has not passed.
#[derive(Args, Clone, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Verify {
    #[command(flatten)]
    agents: NamedAgents,

    /// Wait up to SECONDS until all checks pass
    #[arg(long, value_name = "SECONDS")]
    wait: Option<Seconds>,

    /// Also require the recommended checks
    #[arg(long)]
    strict: bool,

    /// Also show the checks that passed, with their evidence
    #[arg(long)]
    verbose: bool,

    #[command(flatten)]
    json: JsonArg,
}

const AFTER_HELP: &str = "\
Examples:
  mosaic fleet verify
  mosaic fleet start && mosaic fleet verify --wait 60
  mosaic fleet verify coder0 --json | jq .passed

Exit codes:
  0   every required check passed
  1   a required check failed
  69  no required check failed, but some could not be made
  78  agents were named, but the roster is invalid";

/// The time between two observations if the run directory does not change.
const MAX_INTERVAL: Duration = Duration::from_secs(1);
/// The shortest time between two observations.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

impl Verify {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        // An invalid roster is one of the checks, unless it is needed to check the names of agents.
        let agents = match context.roster() {
            Ok(roster) => self.agents.checked(&roster)?,
            Err(error) if self.agents.is_any() => return Err(error),
            Err(_) => None,
        };
        let scope = Scope { agents, strict: self.strict };
        let deadline = self.wait.map(|wait| Instant::now() + wait.0);
        let verification = loop {
            let watch = RunDirectoryWatch::new(context.fleet.location.run_directory.path());
            let began = Instant::now();
            let verification = context.verify(&scope)?;
            let left = deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(Instant::now()));
            if verification.passed || left.is_zero() {
                break verification;
            }
            watch.wait(left.min(MAX_INTERVAL));
            std::thread::sleep(MIN_INTERVAL.saturating_sub(began.elapsed()).min(left));
        };
        if self.json.enabled {
            print_json(&verification)?;
        } else {
            let page = verification_page(&verification, self.verbose, &context.style);
            print(&render(&page, &context.style))?;
        }
        Ok(exit_code(&verification))
    }
}

fn exit_code(verification: &Verification) -> ExitCode {
    let any = |status| verification.checks.iter().any(|check| check.required && check.status == status);
    if any(Status::Fail) {
        ExitCode::CheckFailed
    } else if any(Status::Unknown) {
        ExitCode::Unavailable
    } else {
        ExitCode::Ok
    }
}

/// A watch on a directory. If the directory cannot be watched, it is taken not to change.
#[derive(Debug)]
struct RunDirectoryWatch(Option<OwnedFd>);

impl RunDirectoryWatch {
    /// Watches from now on.
    fn new(directory: &Path) -> Self {
        let watch = || {
            let events = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
            add_watch(&events, directory, WatchFlags::MOVED_TO | WatchFlags::CREATE | WatchFlags::DELETE)?;
            rustix::io::Result::Ok(events)
        };
        Self(watch().ok())
    }

    /// Waits until a file is written, such as a heartbeat, or `timeout` is over.
    fn wait(&self, timeout: Duration) {
        let Some(events) = &self.0 else { return std::thread::sleep(timeout) };
        let timeout = Timespec::try_from(timeout).ok();
        // If a signal interrupts it, the next observation begins early.
        let _ = poll(&mut [PollFd::new(events, PollFlags::IN)], timeout.as_ref());
    }
}
