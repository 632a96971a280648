//! The fleet in a word, for those who only see the tab.

use mosaic_probe::snapshot::{Condition, Snapshot, SourceName};

use crate::doing::Doing;

/// How a fleet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FleetState {
    /// Every agent is up, and none waits.
    Ok,
    /// Somebody should look.
    Warn,
    /// An agent is not there.
    Down,
}

impl FleetState {
    /// How this fleet is.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        if down(snapshot) > 0 {
            Self::Down
        } else if doubts(snapshot).next().is_some() || failed_sources(snapshot).next().is_some() {
            Self::Warn
        } else {
            Self::Ok
        }
    }

    /// The word, as in classes and addresses.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Down => "down",
        }
    }
}

/// What the tab says.
pub(crate) fn title(snapshot: &Snapshot) -> String {
    let up = snapshot.count(Condition::Up);
    let said = match (down(snapshot), doubts(snapshot).next()) {
        (0, None) => format!("{up} up"),
        (0, Some((count, what))) => format!("○ {count} {what}"),
        (count, _) => format!("● {count} down"),
    };
    format!("{said} – fleet {}", snapshot.host)
}

/// The sources that could not be read, of those that there should be.
pub(crate) fn failed_sources(snapshot: &Snapshot) -> impl Iterator<Item = (SourceName, &str)> {
    let needless = |name| snapshot.direct && name == SourceName::Systemd;
    let failed = snapshot.sources.iter().filter(move |(name, report)| !report.ok && !needless(**name));
    failed.map(|(name, report)| (*name, report.error.as_deref().unwrap_or("it could not be read")))
}

fn down(snapshot: &Snapshot) -> usize {
    snapshot.count(Condition::Dead) + snapshot.count(Condition::Missing)
}

/// What is not well, the worst first.
fn doubts(snapshot: &Snapshot) -> impl Iterator<Item = (usize, &'static str)> {
    let condition = |condition: Condition| (snapshot.count(condition), condition.as_str());
    let doing = |doing: Doing| (doing.count(snapshot), doing.as_str());
    let doubts = [
        condition(Condition::Unknown),
        condition(Condition::Stale),
        doing(Doing::LoginNeeded),
        doing(Doing::UsageLimit),
        doing(Doing::Waiting),
        doing(Doing::Blocked),
        doing(Doing::Silent),
        condition(Condition::Starting),
    ];
    doubts.into_iter().filter(|(count, _)| *count > 0)
}

#[cfg(test)]
mod tests {
    use mosaic_probe::snapshot::{Condition, SourceName};

    use super::{FleetState, title};
    use crate::test_fleet;

    #[test]
    fn the_worst_gives_the_word() {
        let table = [
            (&[Condition::Up][..], FleetState::Ok, "1 up – fleet w1"),
            (&[], FleetState::Ok, "0 up – fleet w1"),
            (&[Condition::Up, Condition::Starting], FleetState::Warn, "○ 1 starting – fleet w1"),
            (&[Condition::Stale, Condition::Stale], FleetState::Warn, "○ 2 stale – fleet w1"),
            (&[Condition::Stale, Condition::Unknown], FleetState::Warn, "○ 1 unknown – fleet w1"),
            (&[Condition::Missing, Condition::Dead, Condition::Stale], FleetState::Down, "● 2 down – fleet w1"),
        ];
        for (conditions, state, said) in table {
            let snapshot = test_fleet::of(conditions);
            assert_eq!((FleetState::of(&snapshot), title(&snapshot).as_str()), (state, said));
        }
    }

    #[test]
    fn who_waits_is_told_and_what_a_dead_agent_said_is_not() {
        let mut snapshot = test_fleet::of(&[Condition::Up, Condition::Up]);
        snapshot.agents[0].activity = Some(test_fleet::activity("waiting", None));
        assert_eq!((FleetState::of(&snapshot), &*title(&snapshot)), (FleetState::Warn, "○ 1 waiting – fleet w1"));
        for (reason, title_says) in
            [("login", "○ 1 login needed – fleet w1"), ("usage limit", "○ 1 usage limit – fleet w1")]
        {
            snapshot.agents[0].activity = Some(test_fleet::activity("waiting", Some(reason)));
            assert_eq!((FleetState::of(&snapshot), &*title(&snapshot)), (FleetState::Warn, title_says));
        }
        snapshot.agents[0].activity = Some(test_fleet::silent());
        assert_eq!((FleetState::of(&snapshot), &*title(&snapshot)), (FleetState::Warn, "○ 1 silent – fleet w1"));
        snapshot.agents[0].condition = Condition::Dead;
        assert_eq!((FleetState::of(&snapshot), &*title(&snapshot)), (FleetState::Down, "● 1 down – fleet w1"));
        snapshot.agents[0].managed = false;
        assert_eq!(FleetState::of(&snapshot), FleetState::Ok);
    }

    #[test]
    fn a_source_that_failed_is_a_warning_where_it_is_needed() {
        let mut snapshot = test_fleet::of(&[Condition::Up]);
        test_fleet::fail(&mut snapshot, SourceName::Systemd, "it hangs");
        assert_eq!(FleetState::of(&snapshot), FleetState::Warn);
        snapshot.direct = true;
        assert_eq!(FleetState::of(&snapshot), FleetState::Ok);
    }
}
