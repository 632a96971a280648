//! The duration of a start: from the launcher's spawn to its exit, and to the first heartbeat on disk.

use crate::arguments::Effort;
use crate::fixture::{COMMAND, Contestant, Fixture};
use crate::row::{Bound, Row};
use crate::samples::{Samples, UnitOfMeasure};
use crate::supervisor::Message;
use mosaic_harness::Deadline;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The durations of one launcher's starts.
#[derive(Debug, Default)]
struct Starts {
    to_exit: Samples,
    to_heartbeat: Samples,
}

pub(super) fn measure(effort: Effort) -> Result<(), String> {
    let fixture = Fixture::new()?;
    let [mut bash, mut rust] = [Starts::default(), Starts::default()];
    // The first round warms the caches and is not counted.
    for round in 0..=effort.pick(15, 100) {
        // The order alternates, since the first launcher warms caches for the second.
        let mut order = Contestant::BOTH;
        order.rotate_left(round % 2);
        for contestant in order {
            let agent = format!("{contestant}{round}");
            let (exit, heartbeat) = start(&fixture, contestant, &agent)?;
            fixture.stop(contestant, &agent);
            if round > 0 {
                let starts = if contestant == Contestant::Bash { &mut bash } else { &mut rust };
                starts.to_exit.add(exit.as_secs_f64() * 1e3);
                starts.to_heartbeat.add(heartbeat.as_secs_f64() * 1e3);
            }
        }
    }
    let row = |figure: &str, bash: Samples, rust: Samples, bound, how: String| {
        let row = Row {
            figure: figure.to_owned(),
            unit: UnitOfMeasure::Milliseconds,
            bash: bash.into(),
            rust: rust.into(),
            bound,
            how,
        };
        Message::Row(Box::new(row)).send();
    };
    let how = format!(
        "from spawn, the heartbeat by inotify; one running tmux server, agent command `{COMMAND}`, heartbeats in \
         memory, alternately, without the warm-up"
    );
    row("start until the launcher exits", bash.to_exit, rust.to_exit, Bound::Ratio(0.7), how.clone());
    row("start until the first heartbeat", bash.to_heartbeat, rust.to_heartbeat, Bound::Free, how);
    Ok(())
}

/// Returns the time to the launcher's exit and the time to the first heartbeat, which can occur in either order.
fn start(fixture: &Fixture, contestant: Contestant, agent: &str) -> Result<(Duration, Duration), String> {
    let mut beats = fixture.watch_heartbeats();
    let mut command = fixture.launch(contestant, agent, "15").to_command();
    command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    let deadline = Deadline::default();
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("the {contestant} launcher: {error}"))?;
    let pid = Pid::from_child(&child);
    let launcher = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| format!("pidfd: {error}"))?;
    let (mut exit, mut heartbeat) = (None, None);
    while exit.is_none() || heartbeat.is_none() {
        let interest = |seen: Option<Duration>| if seen.is_none() { PollFlags::IN } else { PollFlags::empty() };
        let mut watched =
            [PollFd::new(&launcher, interest(exit)), PollFd::from_borrowed_fd(beats.as_fd(), interest(heartbeat))];
        let limit = Timespec::try_from(deadline.remaining()).map_err(|error| error.to_string())?;
        poll(&mut watched, Some(&limit)).map_err(|error| format!("poll: {error}"))?;
        let now = begun.elapsed();
        let [exited, has_heartbeat] = watched.map(|one| !one.revents().is_empty());
        if exited {
            exit = exit.or(Some(now));
        }
        if has_heartbeat && beats.take_pending().iter().any(|name| name == agent) {
            heartbeat = heartbeat.or(Some(now));
        }
        if deadline.passed() {
            return Err(format!("the {contestant} launcher: exit {exit:?}, heartbeat {heartbeat:?}"));
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    match (exit, heartbeat) {
        (Some(exit), Some(heartbeat)) if status.success() => Ok((exit, heartbeat)),
        _ => Err(format!("the {contestant} launcher: {status}")),
    }
}
