//! What an agent needs, from what was seen of it: pure.

use mosaic_domain::Pid;
use mosaic_systemd::ActiveState;

use super::{Change, Order};

/// Who is to do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The user manager.
    Managed,
    /// We ourselves.
    Direct,
}

/// What runs of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its unit.
    pub(super) unit: UnitSeen,
    /// Who watches it.
    pub(super) watcher: Option<Watcher>,
    /// Its session.
    pub(super) session: Session,
}

/// The state of an agent's unit, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitSeen {
    /// It has started.
    Up,
    /// It is on its way, or waits to be started again.
    Busy,
    /// It rests; or there is no such unit, or nobody to ask.
    Down,
}

/// The process that writes the agent's heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watcher {
    pub(super) pid: Pid,
    /// It is the main process of a unit, which systemd would start again.
    pub(super) of_a_unit: bool,
}

/// The agent's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// There is one.
    Present,
    /// There is none.
    Absent,
    /// tmux could not be asked, because of this.
    Unknown(String),
}

/// What to do: first end, then the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// End what runs outside of any unit.
    pub(super) end_first: bool,
    pub(super) then: Step,
}

/// What to do in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing more, and this is what became of the agent.
    Nothing(Change),
    /// Give the manager the order's job, which leads to this.
    Job(Change),
    /// Run the launcher, which leads to this.
    Launch(Change),
    /// Nothing, because of this.
    Refuse(String),
}

impl From<ActiveState> for UnitSeen {
    fn from(state: ActiveState) -> Self {
        match state {
            ActiveState::Active | ActiveState::Reloading | ActiveState::Refreshing => Self::Up,
            ActiveState::Activating | ActiveState::Deactivating | ActiveState::Maintenance => Self::Busy,
            ActiveState::Inactive | ActiveState::Failed => Self::Down,
        }
    }
}

impl Seen {
    /// Does anything of the agent run that no unit knows of?
    fn runs_by_itself(&self) -> bool {
        self.unit == UnitSeen::Down && (self.watcher.is_some() || self.session == Session::Present)
    }

    /// Does anything of it run?
    pub(super) fn runs(&self) -> bool {
        self.unit != UnitSeen::Down || self.runs_by_itself()
    }
}

/// What the agent needs.
pub(super) fn plan(order: Order, way: Way, seen: &Seen) -> Plan {
    let just = |then| Plan { end_first: false, then };
    let end_and = |then| Plan { end_first: true, then };
    if let (Way::Direct, Order::Stop | Order::Restart, Some(Watcher { pid, of_a_unit: true })) =
        (way, order, seen.watcher)
    {
        return just(Step::Refuse(format!(
            "systemd runs it (process {pid}), and its manager cannot be found from here: is XDG_RUNTIME_DIR set?"
        )));
    }
    let begin = |change| match way {
        Way::Managed => Step::Job(change),
        Way::Direct => Step::Launch(change),
    };
    match order {
        Order::Start if seen.unit == UnitSeen::Up => just(Step::Nothing(Change::AlreadyRunning)),
        // The unit adopts what runs already.
        Order::Start if way == Way::Managed && seen.runs_by_itself() => just(Step::Job(Change::TakenOver)),
        Order::Stop if seen.unit != UnitSeen::Down => just(Step::Job(Change::Stopped)),
        Order::Stop if seen.runs_by_itself() => end_and(Step::Nothing(Change::Stopped)),
        Order::Stop => just(match &seen.session {
            Session::Unknown(why) => Step::Refuse(why.clone()),
            Session::Absent | Session::Present => Step::Nothing(Change::NotRunning),
        }),
        Order::Restart if seen.runs_by_itself() => end_and(begin(Change::Restarted)),
        Order::Restart if seen.runs() => just(begin(Change::Restarted)),
        // Started directly, it may run all the same: the launcher looks for itself, and says so.
        Order::Start | Order::Restart => just(begin(Change::Started)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, Seen, Session, Step, UnitSeen, Watcher, Way, plan};
    use crate::lifecycle::{Change, Order};
    use Order::{Restart, Start, Stop};
    use UnitSeen::{Busy, Down, Up};
    use Way::{Direct, Managed};

    fn watcher(of_a_unit: bool) -> Watcher {
        Watcher { pid: 99.try_into().unwrap(), of_a_unit }
    }

    #[test]
    fn the_table_of_orders() {
        let (by_unit, by_hand, alone) = (Some(watcher(true)), Some(watcher(false)), None);
        let (there, none) = (Session::Present, Session::Absent);
        let (end, just) = (true, false);
        let (job, launch, nothing) = (Step::Job, Step::Launch, Step::Nothing);
        let table = [
            (Start, Managed, Down, alone, &none, just, job(Change::Started)),
            (Start, Managed, Busy, alone, &none, just, job(Change::Started)),
            (Start, Managed, Up, by_unit, &there, just, nothing(Change::AlreadyRunning)),
            (Start, Managed, Down, by_hand, &there, just, job(Change::TakenOver)),
            (Start, Managed, Down, alone, &there, just, job(Change::TakenOver)),
            (Start, Direct, Down, alone, &none, just, launch(Change::Started)),
            (Start, Direct, Down, by_hand, &there, just, launch(Change::Started)),
            (Start, Direct, Down, by_unit, &there, just, launch(Change::Started)),
            (Stop, Managed, Up, by_unit, &there, just, job(Change::Stopped)),
            (Stop, Managed, Busy, alone, &there, just, job(Change::Stopped)),
            (Stop, Managed, Down, alone, &none, just, nothing(Change::NotRunning)),
            (Stop, Managed, Down, by_hand, &there, end, nothing(Change::Stopped)),
            (Stop, Managed, Down, alone, &there, end, nothing(Change::Stopped)),
            (Stop, Direct, Down, by_hand, &there, end, nothing(Change::Stopped)),
            (Stop, Direct, Down, alone, &there, end, nothing(Change::Stopped)),
            (Stop, Direct, Down, alone, &none, just, nothing(Change::NotRunning)),
            (Restart, Managed, Up, by_unit, &there, just, job(Change::Restarted)),
            (Restart, Managed, Busy, alone, &none, just, job(Change::Restarted)),
            (Restart, Managed, Down, alone, &none, just, job(Change::Started)),
            (Restart, Managed, Down, by_hand, &there, end, job(Change::Restarted)),
            (Restart, Direct, Down, by_hand, &there, end, launch(Change::Restarted)),
            (Restart, Direct, Down, alone, &none, just, launch(Change::Started)),
        ];
        for (order, way, unit, watcher, session, end_first, then) in table {
            let seen = Seen { unit, watcher, session: session.clone() };
            assert_eq!(plan(order, way, &seen), Plan { end_first, then }, "{order:?} {way:?} {seen:?}");
        }
    }

    #[test]
    fn what_systemd_runs_is_not_ended_behind_its_back() {
        for order in [Stop, Restart] {
            let seen = Seen { unit: Down, watcher: Some(watcher(true)), session: Session::Present };
            let planned = plan(order, Direct, &seen);
            assert!(matches!(&planned.then, Step::Refuse(why) if why.contains("99")), "{planned:?}");
            assert!(!planned.end_first);
        }
    }

    #[test]
    fn an_agent_is_not_called_stopped_when_nobody_could_look() {
        let seen = Seen { unit: Down, watcher: None, session: Session::Unknown("it hangs".to_owned()) };
        for way in [Managed, Direct] {
            assert_eq!(plan(Stop, way, &seen).then, Step::Refuse("it hangs".to_owned()));
        }
        let by_unit = Seen { unit: Up, ..seen };
        assert_eq!(plan(Stop, Managed, &by_unit).then, Step::Job(Change::Stopped), "systemd can do without");
    }
}
