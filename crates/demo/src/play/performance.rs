//! The demo while it runs.

use std::env;
use std::io;
use std::time::Duration;

use mosaic_domain::{AgentName, ProcessIdentity};
use mosaic_process::{PidFd, ProcRoot, monotonic};
use mosaic_tmux::Server;
use rustix::process::Signal;

use super::event_wait::EventWait;
use super::{Signals, prologue};
use crate::agent_kind::AgentKind;
use crate::error::DemoError;
use crate::fleet::{AGENTS, Environment, Home, Job, Means, VICTIM};
use crate::scene::{Act, Story};
use crate::view::{Depth, Observer, Row, Screen};

const EVERY: Duration = Duration::from_millis(500);
const BELOW: &str = "Ctrl-C ends the demo and leaves nothing behind.";

/// The fleet, who looks at it, and the starts that are under way.
pub(super) struct Performance<'a> {
    home: &'a Home,
    environment: Environment,
    signals: &'a Signals,
    means: Means,
    agents: Vec<AgentName>,
    rows: Vec<Row>,
    observer: Observer,
    events: EventWait,
    jobs: Vec<Job>,
}

impl<'a> Performance<'a> {
    pub(super) fn new(
        home: &'a Home,
        environment: Environment,
        signals: &'a Signals,
        server: Server,
    ) -> Result<Self, DemoError> {
        let agents: Vec<AgentName> = AGENTS.iter().filter_map(|name| name.parse().ok()).collect();
        Ok(Self {
            observer: Observer::new(agents.clone(), home.run(), server),
            events: EventWait::new(home.run().path()).map_err(DemoError::io("watch the run directory"))?,
            means: Means::find(),
            home,
            environment,
            signals,
            agents,
            rows: Vec::new(),
            jobs: Vec::new(),
        })
    }

    /// Runs until the end; did the scene go as told? `None` if it did not come to its end.
    pub(super) fn run(&mut self, kind: AgentKind, once: bool, screen: &mut Screen) -> Result<Option<bool>, DemoError> {
        if self.asked_to_end()? {
            return Ok(None);
        }
        if prologue::tell(screen, kind, &self.means, self.home, env::var_os("TMUX").is_some()).is_err() {
            return Ok(None);
        }
        self.means.prepare(self.home, &self.environment)?;
        let story = Story::begin(monotonic(), self.means.restarts());
        for agent in self.agents.clone() {
            self.start(&agent)?;
        }
        let ended = self.live(story, once, screen);
        let _ = screen.leave(&self.rows);
        ended
    }

    /// Ends what is under way.
    pub(super) fn end(&mut self) {
        self.jobs.drain(..).for_each(Job::cancel);
    }

    fn live(&mut self, mut story: Story, once: bool, screen: &mut Screen) -> Result<Option<bool>, DemoError> {
        let mut as_told = None;
        let mut due = monotonic();
        loop {
            self.check_starts()?;
            let full = monotonic() >= due && !story.is_tense();
            if full {
                due = monotonic() + EVERY;
            }
            let before = std::mem::take(&mut self.rows);
            self.rows = self.look(if full { Depth::Full } else { Depth::Quick })?;
            let now = monotonic();
            let mut told = if story.is_over() { changes(&before, &self.rows) } else { Vec::new() };
            for act in story.step(&self.rows, now) {
                match act {
                    Act::Say(text) => told.push(text),
                    Act::Kill(victim) => {
                        let at = kill(&victim).map_err(DemoError::io(format!("kill process {}", victim.pid)))?;
                        story.killed(victim, at, now);
                    }
                    Act::StartAgain => {
                        let victim = self.agents.iter().find(|agent| agent.as_str() == VICTIM).cloned();
                        victim.map_or(Ok(()), |victim| self.start(&victim))?;
                    }
                    Act::End(went) => as_told = Some(went),
                }
            }
            // When nobody can be told any more, nobody looks.
            let nobody_looks = self.asked_to_end()? || show(screen, &told, &self.rows, now).is_err();
            if nobody_looks || (once && as_told.is_some()) {
                return Ok(as_told);
            }
            let limit = if story.is_tense() { EVERY } else { due.saturating_sub(monotonic()) };
            self.events.wait(self.signals, &self.jobs, limit).map_err(DemoError::io("wait"))?;
            if self.asked_to_end()? {
                return Ok(as_told);
            }
        }
    }

    fn look(&mut self, depth: Depth) -> Result<Vec<Row>, DemoError> {
        let jobs = &self.jobs;
        let starting = |agent: &AgentName| jobs.iter().any(|job| job.agent() == agent);
        self.observer.observe(depth, starting).map_err(DemoError::io("look at the fleet"))
    }

    fn asked_to_end(&self) -> Result<bool, DemoError> {
        self.signals.end_is_asked_for().map_err(DemoError::io("read signals"))
    }

    fn start(&mut self, agent: &AgentName) -> Result<(), DemoError> {
        self.jobs.push(self.means.start(agent, self.home, &self.environment)?);
        Ok(())
    }

    fn check_starts(&mut self) -> Result<(), DemoError> {
        while let Some(ended) = self.jobs.iter().position(Job::has_ended) {
            let job = self.jobs.swap_remove(ended);
            let agent = job.agent().clone();
            job.result(|| self.means.explain(&agent))?;
        }
        Ok(())
    }
}

/// Kills this very process, and says when; `None` if it had ended already.
fn kill(victim: &ProcessIdentity) -> io::Result<Option<Duration>> {
    let Some(process) = PidFd::open_identity(&ProcRoot::default(), victim)? else { return Ok(None) };
    let at = monotonic();
    process.signal(Signal::KILL)?;
    Ok(Some(at))
}

/// What happens after the scene, when somebody else is at it.
fn changes(before: &[Row], now: &[Row]) -> Vec<String> {
    let changed = before.iter().zip(now).filter(|(was, is)| was.verdict.condition != is.verdict.condition);
    changed
        .map(|(_, row)| {
            let why = row.verdict.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
            format!("          {} is {}{why}", row.agent, row.verdict.condition.word())
        })
        .collect()
}

fn show(screen: &mut Screen, told: &[String], rows: &[Row], now: Duration) -> io::Result<()> {
    told.iter().try_for_each(|text| screen.say(text))?;
    screen.show(rows, BELOW, now)
}
