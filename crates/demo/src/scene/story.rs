//! The course of the scene.

use std::time::Duration;

use mosaic_domain::{ExitVerdict, ProcessIdentity};

use super::act::Act;
use super::stage::Stage;
use crate::fleet::VICTIM;
use crate::view::{Condition, Row};

/// The scene so far.
#[derive(Debug)]
pub(crate) struct Story {
    stage: Stage,
    begun: Duration,
    /// Does a manager start again what died?
    restarts: bool,
}

/// How long a person gets to look at three agents that are up.
const LOOK: Duration = Duration::from_secs(4);
/// And at one that is dead, where nobody but the demo starts it again.
const MOURN: Duration = Duration::from_secs(2);
/// When it has not gone as told. A loaded machine takes a while; nothing takes that long.
const TOO_LONG: Duration = Duration::from_secs(90);
const SIGKILL: u8 = 9;

impl Story {
    pub(crate) fn begin(now: Duration, restarts: bool) -> Self {
        Self { stage: Stage::Gathering { since: now }, begun: now, restarts }
    }

    /// Is everything about how soon the next thing is seen?
    pub(crate) fn is_tense(&self) -> bool {
        matches!(self.stage, Stage::Killed { .. } | Stage::StartedAgain { .. })
            || (self.restarts && matches!(self.stage, Stage::Dead { .. }))
    }

    /// Is it over?
    pub(crate) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// What was asked for by [`Act::Kill`] happened at this time, or could not happen.
    pub(crate) fn killed(&mut self, victim: ProcessIdentity, at: Option<Duration>, now: Duration) {
        self.stage = match at {
            Some(at) => Stage::Killed { victim, at },
            None => Stage::Gathering { since: now },
        };
    }

    /// Goes on by what is seen, at most one stage.
    pub(crate) fn step(&mut self, rows: &[Row], now: Duration) -> Vec<Act> {
        let Some(row) = rows.iter().find(|row| row.agent.as_str() == VICTIM) else { return Vec::new() };
        let all_up = rows.iter().all(is_up);
        match self.stage {
            Stage::Gathering { .. } if all_up => {
                self.stage = Stage::Showing { since: now };
                vec![self.say(now, "all three are up")]
            }
            Stage::Gathering { since } if now > since + TOO_LONG => self.fail(now, "they are not all up"),
            Stage::Showing { since } if all_up && now >= since + LOOK => match row.process {
                Some(victim) => {
                    let told = format!("killing {VICTIM}: SIGKILL to its process {}", victim.pid);
                    vec![self.say(now, &told), Act::Kill(victim)]
                }
                None => Vec::new(),
            },
            Stage::Killed { victim, at } => self.await_death(row, victim, at, now),
            Stage::Dead { victim, killed, .. } if self.restarts => {
                self.await_return(row, victim, killed, now, |after| {
                    format!("{after} after the kill: the user manager started it")
                })
            }
            Stage::Dead { victim, killed, since } if now >= since + MOURN => {
                self.stage = Stage::StartedAgain { victim, killed, since: now };
                let told = format!("nothing starts it again here, so the demo does: start-agent-session {VICTIM}");
                vec![self.say(now, &told), Act::StartAgain]
            }
            Stage::StartedAgain { victim, killed, since } => {
                let took = seconds(now.saturating_sub(since));
                self.await_return(row, victim, killed, now, |after| {
                    format!("{took} after that start, {after} after the kill")
                })
            }
            Stage::Gathering { .. } | Stage::Showing { .. } | Stage::Dead { .. } | Stage::Over => Vec::new(),
        }
    }

    fn await_death(&mut self, row: &Row, victim: ProcessIdentity, at: Duration, now: Duration) -> Vec<Act> {
        let after = now.saturating_sub(at);
        match row.exit {
            _ if row.process != Some(victim) => self.fail(now, &format!("another process is {VICTIM} already")),
            Some(ExitVerdict::Signal(SIGKILL)) if row.verdict.condition == Condition::Dead => {
                self.stage = Stage::Dead { victim, killed: at, since: now };
                let told =
                    format!("{VICTIM} is dead: its heartbeat says exited signal:9, {} after the kill", millis(after));
                vec![self.say(now, &told)]
            }
            Some(other) => self.fail(now, &format!("its heartbeat says {other}, expected signal:9")),
            None if after > TOO_LONG => self.fail(now, "its heartbeat does not say so"),
            None => Vec::new(),
        }
    }

    fn await_return(
        &mut self,
        row: &Row,
        victim: ProcessIdentity,
        killed: Duration,
        now: Duration,
        tell: impl FnOnce(&str) -> String,
    ) -> Vec<Act> {
        let after = now.saturating_sub(killed);
        match row.process.filter(|process| is_up(row) && *process != victim) {
            Some(process) => {
                self.stage = Stage::Over;
                let told = format!("{VICTIM} is up again, process {}, {}", process.pid, tell(&seconds(after)));
                vec![self.say(now, &told), Act::End(true)]
            }
            None if after > TOO_LONG => self.fail(now, "it is not up again"),
            None => Vec::new(),
        }
    }

    fn fail(&mut self, now: Duration, what: &str) -> Vec<Act> {
        self.stage = Stage::Over;
        vec![self.say(now, &format!("this is not how it should go: {what}")), Act::End(false)]
    }

    fn say(&self, now: Duration, what: &str) -> Act {
        Act::Say(format!("{:>8}  {what}", seconds(now.saturating_sub(self.begun))))
    }
}

fn is_up(row: &Row) -> bool {
    row.verdict.condition == Condition::Up
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests;
