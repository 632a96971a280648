//! The scene: all agents are up, one is killed, it is dead, and it is up again.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mosaic_domain::{ExitVerdict, ProcessIdentity};
use mosaic_exit_code::ExitCode;
use mosaic_heartbeat::Heartbeat;
use mosaic_probe::snapshot::Condition;
use mosaic_process::{PidFd, ProcRoot, monotonic};
use mosaic_terminal::LiveLog;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::agent_program::AgentProgram;
use crate::cleanup::Guard;
use crate::home::{Home, Programs};
use crate::launcher::{Launcher, StartJob, agent_command};
use crate::observer::{Observer, Row, table};
use crate::{AGENTS, Arguments, DemoError, VICTIM};

/// How often the table is refreshed without a heartbeat.
const REFRESH_INTERVAL: Duration = Duration::from_millis(500);
/// How long all agents are shown before one is killed.
const SHOW_TIME: Duration = Duration::from_secs(4);
/// How long the dead agent is shown before the demo restarts it, if no manager does.
const DEAD_TIME: Duration = Duration::from_secs(2);
/// How long a step may take, also on a loaded machine.
const STEP_TIMEOUT: Duration = Duration::from_secs(90);
const SIGKILL: u8 = 9;
const FOOTER: &str = "Ctrl-C ends the demo and removes everything.";

type Screen = LiveLog<fn(&str) -> Option<OsString>>;

/// Why the scene ended early.
enum Stop {
    /// A signal arrived, or the terminal is gone.
    Interrupted,
    /// A step did not have the expected result.
    Unexpected(String),
    Error(DemoError),
}

impl From<DemoError> for Stop {
    fn from(error: DemoError) -> Self {
        Self::Error(error)
    }
}

/// The role `--play`: `TMUX_TMPDIR` of this process is the directory.
pub(crate) fn play(directory: &Path, arguments: &Arguments) -> Result<ExitCode, DemoError> {
    // From here on, a signal ends the scene and not the process.
    let signals = Signals::catch().map_err(DemoError::io("catch signals"))?;
    let home = Home::new(directory.to_owned());
    home.create().map_err(DemoError::io(format!("create {}", home.path().display())))?;
    let interrupted = if arguments.once { ExitCode::CheckFailed } else { ExitCode::Ok };
    // A signal to the process group can reach a child before it has a group of its own, and make it fail.
    let unless_interrupted =
        |result: Result<ExitCode, DemoError>| if signals.received() { Ok(interrupted) } else { result };
    let guard = match Guard::start(&home) {
        Ok(guard) => guard,
        Err(error) => {
            let _ = home.remove();
            return unless_interrupted(Err(DemoError::io("start the guard process")(error)));
        }
    };
    let mut screen = Screen::new(|name| env::var_os(name));
    let result = match Scene::new(&home, arguments, &signals, &mut screen) {
        Ok(mut scene) => scene.run(arguments.once),
        Err(error) => Err(Stop::Error(error)),
    };
    let result = match result {
        Ok(()) => Ok(ExitCode::Ok),
        Err(Stop::Interrupted) => Ok(interrupted),
        Err(Stop::Unexpected(_)) => Ok(ExitCode::CheckFailed),
        Err(Stop::Error(error)) => unless_interrupted(Err(error)),
    };
    // A terminal that is gone does not change the exit code.
    let _ = screen.log("", "Stopping the agents and removing everything ...");
    let left = guard.release().map_err(DemoError::io("clean up"))?;
    if left.is_empty() {
        let _ = screen.log("", "Nothing is left: no process, no session, no unit, no directory.");
        return result;
    }
    for line in &left {
        eprintln!("ERROR: left behind: {line}");
    }
    result.map(|_| ExitCode::CheckFailed)
}

struct Scene<'a> {
    home: &'a Home,
    program: AgentProgram,
    signals: &'a Signals,
    screen: &'a mut Screen,
    launcher: Launcher,
    observer: Observer,
    /// The inotify descriptor for the run directory, where heartbeats are renamed into place.
    heartbeats: OwnedFd,
    starts: Vec<StartJob>,
    rows: Vec<Row>,
    began: Duration,
}

impl<'a> Scene<'a> {
    fn new(
        home: &'a Home,
        arguments: &Arguments,
        signals: &'a Signals,
        screen: &'a mut Screen,
    ) -> Result<Self, DemoError> {
        let program = arguments.runtime.unwrap_or(AgentProgram::StandIn);
        let command = agent_command(program, home, "agent", |_| None);
        home.fill(&Programs::find()?, program.name(), &command)
            .map_err(DemoError::io(format!("write to {}", home.path().display())))?;
        let heartbeats = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).and_then(|heartbeats| {
            inotify::add_watch(&heartbeats, home.run().path(), WatchFlags::MOVED_TO)?;
            Ok(heartbeats)
        });
        Ok(Self {
            home,
            program,
            signals,
            screen,
            launcher: Launcher::find(),
            observer: Observer::new(home)?,
            heartbeats: heartbeats.map_err(|error| DemoError::io("watch the run directory")(error.into()))?,
            starts: Vec::new(),
            rows: Vec::new(),
            began: monotonic(),
        })
    }

    /// Plays the scene; then, unless `once` is set, shows the fleet until a signal arrives.
    fn run(&mut self, once: bool) -> Result<(), Stop> {
        self.introduce().map_err(|_| Stop::Interrupted)?;
        let result = self.perform();
        if let Err(Stop::Unexpected(problem)) = &result {
            self.log(&format!("this is not the expected course: {problem}"))?;
        }
        let outcome = match result {
            Ok(()) | Err(Stop::Unexpected(_)) if !once => match self.follow() {
                // The scene has been played: an interrupt is the regular end.
                Err(Stop::Interrupted) => result,
                other => other,
            },
            other => other,
        };
        let _ = self.show();
        self.screen.release();
        self.starts.drain(..).for_each(StartJob::cancel);
        outcome
    }

    fn introduce(&self) -> io::Result<()> {
        let screen = &*self.screen;
        screen.log("", "Mosaic Fleet: three agents, each in its own tmux session.")?;
        screen.log(
            "Agents:  ",
            &match self.program {
                AgentProgram::StandIn => "stand-ins that print made-up work: no AI, no account, no network.".to_owned(),
                real => format!("{real}, with your account; the demo sends it nothing."),
            },
        )?;
        screen.log(
            "Started: ",
            &match &self.launcher {
                Launcher::Manager => format!(
                    "by your systemd user manager, in units {}-*; it restarts agents that fail.",
                    self.home.unit_prefix()
                ),
                Launcher::Direct { reason } => format!(
                    "directly by start-agent-session, because no user manager answers ({reason}); agents that fail \
                     are not restarted."
                ),
            },
        )?;
        screen.log("", &format!("Watch {VICTIM} from another terminal (Ctrl-B, then D, detaches):"))?;
        // The quotes are for zsh. An empty TMUX lets the command run in a pane of another server.
        let outside = if env::var_os("TMUX").is_some() { "TMUX= " } else { "" };
        let socket = self.home.socket();
        screen.log_verbatim(&format!("  {outside}tmux -S {} attach -t '={VICTIM}:'", socket.display()))
    }

    fn perform(&mut self) -> Result<(), Stop> {
        if self.signals.received() {
            return Err(Stop::Interrupted);
        }
        self.launcher.prepare(self.home)?;
        self.began = monotonic();
        for agent in AGENTS {
            self.start(agent)?;
        }
        let (victim, killed_at) = loop {
            self.expect("the agents are not all up", all_up)?;
            self.log("all three are up")?;
            self.watch(SHOW_TIME, |_| None::<()>)?;
            // A victim that has ended by itself is waited for.
            if let Some(killed) = self.kill_victim()? {
                break killed;
            }
        };
        let path = heartbeat_path(self.home);
        let noticed_at = self.expect("its heartbeat does not report the end", |_| {
            let heartbeat = mosaic_heartbeat::read(&path).ok()??;
            end_of(&heartbeat, &victim)
        })?;
        let noticed_at = noticed_at.map_err(Stop::Unexpected)?;
        let millis = noticed_at.saturating_sub(killed_at).as_secs_f64() * 1000.0;
        self.log(&format!("{VICTIM} is dead: its heartbeat says exited signal:9, {millis:.0} ms after the kill"))?;
        let restarted_at = if self.launcher.restarts() {
            None
        } else {
            self.watch(DEAD_TIME, |_| None::<()>)?;
            self.log(&format!("nothing restarts it here, so the demo does: start-agent-session {VICTIM}"))?;
            self.start(VICTIM)?;
            Some(monotonic())
        };
        let pid = self.expect("it is not up again", |rows| successor(rows, &victim))?;
        let after = |then: Duration| format!("{:.2} s", monotonic().saturating_sub(then).as_secs_f64());
        let how = match restarted_at {
            None => format!("{} after the kill: the user manager restarted it", after(killed_at)),
            Some(at) => format!("{} after that start, {} after the kill", after(at), after(killed_at)),
        };
        self.log(&format!("{VICTIM} is up again, process {pid}, {how}"))
    }

    /// Kills the process of the victim, and returns it with the time; `None` if it has ended already.
    fn kill_victim(&mut self) -> Result<Option<(ProcessIdentity, Duration)>, Stop> {
        let heartbeat = mosaic_heartbeat::read(&heartbeat_path(self.home)).ok().flatten();
        let Some(victim) = heartbeat.and_then(|heartbeat| heartbeat.process()) else { return Ok(None) };
        self.log(&format!("killing {VICTIM}: SIGKILL to its process {}", victim.pid))?;
        let kill = || {
            let Some(process) = PidFd::open_identity(&ProcRoot::default(), &victim)? else { return Ok(None) };
            let now = monotonic();
            process.signal(Signal::KILL).map(|()| Some((victim, now)))
        };
        Ok(kill().map_err(DemoError::io(format!("kill process {}", victim.pid)))?)
    }

    /// Shows the fleet and logs each change of a condition, until a signal arrives.
    fn follow(&mut self) -> Result<(), Stop> {
        loop {
            let before = self.rows.clone();
            let changed = |rows: &[Row]| Some(changes(&before, rows)).filter(|changes| !changes.is_empty());
            for change in self.watch(STEP_TIMEOUT, changed)?.unwrap_or_default() {
                self.log(&change)?;
            }
        }
    }

    fn start(&mut self, agent: &'static str) -> Result<(), DemoError> {
        self.starts.push(self.launcher.start(agent, self.program, self.home)?);
        Ok(())
    }

    /// Watches until `condition` has a result, which has to be within [`STEP_TIMEOUT`].
    fn expect<T>(&mut self, problem: &str, condition: impl FnMut(&[Row]) -> Option<T>) -> Result<T, Stop> {
        self.watch(STEP_TIMEOUT, condition)?.ok_or_else(|| Stop::Unexpected(problem.to_owned()))
    }

    /// Observes and shows the fleet until `condition` has a result or the time is over.
    fn watch<T>(&mut self, limit: Duration, mut condition: impl FnMut(&[Row]) -> Option<T>) -> Result<Option<T>, Stop> {
        let deadline = monotonic() + limit;
        loop {
            self.poll_starts()?;
            self.rows = self.observer.observe(&self.starts)?;
            if let Some(result) = condition(&self.rows) {
                return Ok(Some(result));
            }
            let shown = self.show();
            let left = deadline.saturating_sub(monotonic());
            if left.is_zero() {
                return Ok(None);
            }
            if shown.is_ok() && !self.signals.received() {
                self.wait(left.min(REFRESH_INTERVAL)).map_err(DemoError::io("wait for an event"))?;
            }
            if shown.is_err() || self.signals.received() {
                return Err(Stop::Interrupted);
            }
        }
    }

    fn show(&mut self) -> io::Result<()> {
        let conditions: Vec<&str> = self.rows.iter().map(|row| row.condition.as_str()).collect();
        self.screen.show(table(&self.rows, &self.screen.style()), FOOTER, conditions.join(" "))
    }

    /// Removes the starts that have completed.
    fn poll_starts(&mut self) -> Result<(), DemoError> {
        for start in std::mem::take(&mut self.starts) {
            self.starts.extend(start.poll()?);
        }
        Ok(())
    }

    /// Waits for a signal, a heartbeat or the end of the time.
    fn wait(&self, limit: Duration) -> io::Result<()> {
        let sources = [self.signals.arrived.as_fd(), self.heartbeats.as_fd()];
        let mut fds = sources.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN));
        let limit = Timespec { tv_sec: limit.as_secs().cast_signed(), tv_nsec: limit.subsec_nanos().into() };
        match poll(&mut fds, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut events = [0; 1024];
        while rustix::io::read(&self.heartbeats, &mut events).is_ok_and(|read| read > 0) {}
        Ok(())
    }

    /// Writes a text to the log, with the time since the start. A terminal that is gone ends the scene.
    fn log(&mut self, text: &str) -> Result<(), Stop> {
        let time = format!("{:>6.2} s  ", monotonic().saturating_sub(self.began).as_secs_f64());
        self.screen.log(&time, text).map_err(|_| Stop::Interrupted)
    }
}

fn heartbeat_path(home: &Home) -> PathBuf {
    home.run().path().join(format!("{VICTIM}.hb"))
}

fn all_up(rows: &[Row]) -> Option<()> {
    rows.iter().all(|row| row.condition == Condition::Up).then_some(())
}

/// When the sidecar noticed the end of the victim; `None` if it has not, an error if something else happened.
fn end_of(heartbeat: &Heartbeat, victim: &ProcessIdentity) -> Option<Result<Duration, String>> {
    if heartbeat.process() != Some(*victim) {
        return Some(Err(format!("another process already is {VICTIM}")));
    }
    let binding = heartbeat.binding.as_ref()?;
    match binding.exit? {
        ExitVerdict::Signal(SIGKILL) => Some(Ok(binding.monotonic)),
        other => Some(Err(format!("its heartbeat says {other}, expected signal:9"))),
    }
}

/// The process that is up in place of the victim.
fn successor(rows: &[Row], victim: &ProcessIdentity) -> Option<u32> {
    let row = rows.iter().find(|row| row.agent == VICTIM && row.condition == Condition::Up)?;
    row.pid.filter(|pid| *pid != victim.pid.get())
}

/// A line for each agent whose condition has changed.
fn changes(before: &[Row], now: &[Row]) -> Vec<String> {
    let changed = before.iter().zip(now).filter(|(before, now)| before.condition != now.condition);
    changed
        .map(|(_, row)| {
            let reason = row.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
            format!("{} is {}{reason}", row.agent, row.condition)
        })
        .collect()
}

/// SIGINT, SIGTERM, SIGHUP and SIGQUIT. They are caught and not blocked, because child processes inherit a block.
pub(crate) struct Signals {
    arrived: UnixStream,
}

impl Signals {
    /// Catches the signals from now on.
    pub(crate) fn catch() -> io::Result<Self> {
        let (arrived, write) = UnixStream::pair()?;
        arrived.set_nonblocking(true)?;
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            signal_hook::low_level::pipe::register(signal, write.try_clone()?)?;
        }
        Ok(Self { arrived })
    }

    /// Whether a signal has arrived.
    fn received(&self) -> bool {
        // The byte of a signal is left in place, so that every later call returns the same.
        let mut fds = [PollFd::new(&self.arrived, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{all_up, changes, end_of, successor};
    use crate::observer::Row;
    use crate::observer::tests::row;
    use mosaic_domain::ProcessIdentity;
    use mosaic_heartbeat::Heartbeat;
    use mosaic_probe::snapshot::Condition;
    use std::time::Duration;

    const BOOT: &str = "0700cf0c-8b1c-49c8-862a-3c44fb7bacfe";

    fn victim() -> ProcessIdentity {
        ProcessIdentity { pid: 77.try_into().unwrap(), start_ticks: 1, boot: BOOT.parse().unwrap() }
    }

    fn heartbeat(pid: u32, status: &str, exit: &str) -> Heartbeat {
        let text = format!(
            "ts=2026-11-20T14:58:08+00:00\npid={pid}\nstatus={status}\nv=2\nagent=worker\nboot={BOOT}\nstart=1\n\
             mono=100.250\ninterval=1\nseq=42\nsidecar=78\ngen=3\n{exit}"
        );
        text.parse().unwrap()
    }

    fn rows(condition: Condition, pid: Option<u32>) -> Vec<Row> {
        vec![row("planner", Condition::Up, Some(1)), row("worker", condition, pid)]
    }

    #[test]
    fn the_heartbeat_tells_when_and_how_the_victim_ended() {
        assert_eq!(end_of(&heartbeat(77, "ok", ""), &victim()), None, "not noticed yet");
        let killed = end_of(&heartbeat(77, "exited", "exit=signal:9\n"), &victim());
        assert_eq!(killed, Some(Ok(Duration::from_millis(100_250))));
        let exited = end_of(&heartbeat(77, "exited", "exit=code:0\n"), &victim());
        assert_eq!(exited, Some(Err("its heartbeat says code:0, expected signal:9".to_owned())));
        let other = end_of(&heartbeat(78, "ok", ""), &victim());
        assert_eq!(other, Some(Err("another process already is worker".to_owned())));
    }

    #[test]
    fn the_agent_is_up_again_as_another_process() {
        assert_eq!(successor(&rows(Condition::Up, Some(77)), &victim()), None);
        assert_eq!(successor(&rows(Condition::Starting, Some(78)), &victim()), None);
        assert_eq!(successor(&rows(Condition::Up, Some(78)), &victim()), Some(78));
    }

    #[test]
    fn all_agents_have_to_be_up() {
        assert_eq!(all_up(&rows(Condition::Up, Some(77))), Some(()));
        assert_eq!(all_up(&rows(Condition::Starting, None)), None);
    }

    #[test]
    fn changes_of_conditions_are_logged_with_their_reason() {
        let gone = Row { reason: Some("it exited with code 7".to_owned()), ..row("worker", Condition::Missing, None) };
        let now = vec![row("planner", Condition::Up, Some(1)), gone];
        assert_eq!(changes(&rows(Condition::Up, Some(77)), &now), ["worker is missing (it exited with code 7)"]);
        assert_eq!(changes(&now, &now), Vec::<String>::new());
    }
}
