//! What to do next, from what was seen: pure.

use mosaic_domain::Pid;
use mosaic_tmux::Pane;

/// How the program was asked to go about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    /// Become the sidecar, rather than leave one behind.
    pub(super) foreground: bool,
    /// End what is there.
    pub(super) replace: bool,
}

/// What is known of the agent, under its starter's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Who watches it.
    pub(super) sidecar: Option<Watcher>,
    /// Its session.
    pub(super) session: Session,
    /// What was to be replaced has been ended.
    pub(super) replaced: bool,
}

/// The process that has the sidecar's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watcher {
    pub(super) pid: Pid,
    /// It is the main process of a systemd unit, which must not be ended behind systemd's back.
    pub(super) of_a_unit: bool,
}

/// The agent's session on the tmux server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// Nobody looked yet.
    Unknown,
    /// There is none.
    Absent,
    /// Its process runs.
    Alive(Pane),
    /// Its process has ended.
    Dead,
}

/// What to do next; after each but the last three, look again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Look at the session.
    Look,
    /// Make a session. That there is one already is something seen.
    Create,
    /// Remove the session.
    Remove,
    /// End the process, and remove the session.
    End(Pane),
    /// Ask the watcher to go and leave the agent alone.
    TakeOver(Pid),
    /// Ask the watcher to end the agent, and wait for it.
    Stop(Pid),
    /// The watcher is about to finish: wait for it.
    AwaitEnd(Pid),
    /// Watch the session that is there.
    Adopt(Pane),
    /// Nothing: it runs, and is watched.
    AlreadyRunning,
    /// Nothing: systemd watches it.
    RefuseUnit(Pid),
}

pub(super) fn plan(manner: Manner, seen: &Seen) -> Step {
    let replace = manner.replace && !seen.replaced;
    match (seen.sidecar, &seen.session) {
        (Some(watcher), _) if replace && watcher.of_a_unit => Step::RefuseUnit(watcher.pid),
        (Some(watcher), _) if replace => Step::Stop(watcher.pid),
        // The usual start makes the session without a look before: tmux itself says if there is one.
        (None, Session::Unknown) if !replace => Step::Create,
        (_, Session::Unknown) => Step::Look,
        (Some(watcher), Session::Alive(_)) if manner.foreground && watcher.of_a_unit => Step::RefuseUnit(watcher.pid),
        (Some(watcher), Session::Alive(_)) if manner.foreground => Step::TakeOver(watcher.pid),
        (Some(_), Session::Alive(_)) => Step::AlreadyRunning,
        (Some(watcher), Session::Dead | Session::Absent) => Step::AwaitEnd(watcher.pid),
        (None, Session::Absent) => Step::Create,
        (None, Session::Dead) => Step::Remove,
        (None, Session::Alive(pane)) if replace => Step::End(pane.clone()),
        (None, Session::Alive(pane)) => Step::Adopt(pane.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Manner, Seen, Session, Step, Watcher, plan};
    use mosaic_tmux::Pane;

    fn pane() -> Pane {
        Pane {
            id: "%4".parse().unwrap(),
            pid: 77.try_into().unwrap(),
            dead: false,
            verdict: None,
            server: 12.try_into().unwrap(),
            start_command: String::new(),
        }
    }

    #[test]
    fn the_table_of_starts() {
        let pid = 99.try_into().unwrap();
        let alone = || None;
        let watched = || Some(Watcher { pid, of_a_unit: false });
        let by_unit = || Some(Watcher { pid, of_a_unit: true });
        let (detached, foreground) = ((false, false), (true, false));
        let (anew, foreground_anew) = ((false, true), (true, true));
        let table = [
            (detached, alone(), Session::Unknown, Step::Create),
            (detached, alone(), Session::Absent, Step::Create),
            (detached, alone(), Session::Dead, Step::Remove),
            (detached, alone(), Session::Alive(pane()), Step::Adopt(pane())),
            (detached, watched(), Session::Unknown, Step::Look),
            (detached, watched(), Session::Alive(pane()), Step::AlreadyRunning),
            (detached, by_unit(), Session::Alive(pane()), Step::AlreadyRunning),
            (detached, watched(), Session::Dead, Step::AwaitEnd(pid)),
            (detached, watched(), Session::Absent, Step::AwaitEnd(pid)),
            (foreground, alone(), Session::Unknown, Step::Create),
            (foreground, alone(), Session::Alive(pane()), Step::Adopt(pane())),
            (foreground, watched(), Session::Alive(pane()), Step::TakeOver(pid)),
            (foreground, by_unit(), Session::Alive(pane()), Step::RefuseUnit(pid)),
            (foreground, watched(), Session::Dead, Step::AwaitEnd(pid)),
            (anew, alone(), Session::Unknown, Step::Look),
            (anew, alone(), Session::Alive(pane()), Step::End(pane())),
            (anew, alone(), Session::Dead, Step::Remove),
            (anew, alone(), Session::Absent, Step::Create),
            (anew, watched(), Session::Unknown, Step::Stop(pid)),
            (anew, by_unit(), Session::Unknown, Step::RefuseUnit(pid)),
            (foreground_anew, watched(), Session::Unknown, Step::Stop(pid)),
        ];
        for ((foreground, replace), sidecar, session, expected) in table {
            let seen = Seen { sidecar, session, replaced: false };
            assert_eq!(plan(Manner { foreground, replace }, &seen), expected, "{foreground} {replace} {seen:?}");
        }
    }
}
