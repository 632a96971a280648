//! The state of the whole fleet, as the title and the icon of the browser tab show it.

use mosaic_probe::snapshot::{Condition, Snapshot, SourceName};

use crate::activity::ActivityKind;

/// The state of a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FleetState {
    /// Every agent is up, and none waits.
    Ok,
    /// An agent or a source needs attention.
    Warn,
    /// An agent is dead or missing.
    Down,
}

impl FleetState {
    pub(crate) fn from_snapshot(snapshot: &Snapshot) -> Self {
        if down(snapshot) > 0 {
            Self::Down
        } else if warnings(snapshot).next().is_some() || failed_sources(snapshot).next().is_some() {
            Self::Warn
        } else {
            Self::Ok
        }
    }

    /// The name in CSS classes and URLs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Down => "down",
        }
    }
}

/// The title of the page.
pub(crate) fn title(snapshot: &Snapshot) -> String {
    let up = snapshot.count(Condition::Up);
    let state = match (down(snapshot), warnings(snapshot).next()) {
        (0, None) => match snapshot.count(Condition::Stopped) {
            stopped if up == 0 && stopped > 0 => format!("{stopped} stopped"),
            _ => format!("{up} up"),
        },
        (0, Some((count, what))) => format!("○ {count} {what}"),
        (count, _) => format!("● {count} down"),
    };
    format!("{state} – fleet {}", snapshot.host)
}

/// The icon of the tab as SVG. Each state has its own shape: a green circle if all is well, an amber triangle if
/// something needs attention, and a red cross if an agent is dead or missing.
#[must_use]
pub fn favicon(snapshot: &Snapshot) -> String {
    // Filled shapes with a thin white border are visible on light and dark tabs.
    let shape = match FleetState::from_snapshot(snapshot) {
        FleetState::Ok => r##"<circle cx="16" cy="16" r="13" fill="#1f9d4d"/>"##,
        FleetState::Warn => r##"<path d="M16 3 30 29H2z" fill="#e09b00"/>"##,
        FleetState::Down => r##"<path d="m9 3 7 7 7-7 6 6-7 7 7 7-6 6-7-7-7 7-6-6 7-7-7-7z" fill="#dc2f35"/>"##,
    };
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g stroke="#fff" stroke-width="2" stroke-linejoin="round">{shape}</g></svg>"##
    )
}

/// The sources that could not be read, with their errors. A fleet without systemd does not need that source.
pub(crate) fn failed_sources(snapshot: &Snapshot) -> impl Iterator<Item = (SourceName, &str)> {
    let is_needless = |name| snapshot.direct && name == SourceName::Systemd;
    let failed = snapshot.sources.iter().filter(move |(name, report)| !report.ok && !is_needless(**name));
    failed.map(|(name, report)| (*name, report.error.as_deref().unwrap_or("the source could not be read")))
}

fn down(snapshot: &Snapshot) -> usize {
    snapshot.count(Condition::Dead) + snapshot.count(Condition::Missing)
}

/// The numbers of agents that need attention, the most urgent state first.
fn warnings(snapshot: &Snapshot) -> impl Iterator<Item = (usize, &'static str)> {
    let condition = |condition: Condition| (snapshot.count(condition), condition.as_str());
    let kind = |kind: ActivityKind| (kind.count(snapshot), kind.as_str());
    let warnings = [
        condition(Condition::Unknown),
        condition(Condition::Stale),
        kind(ActivityKind::LoginNeeded),
        kind(ActivityKind::UsageLimit),
        kind(ActivityKind::Waiting),
        kind(ActivityKind::Blocked),
        kind(ActivityKind::Silent),
        condition(Condition::Starting),
    ];
    warnings.into_iter().filter(|(count, _)| *count > 0)
}

#[cfg(test)]
mod tests {
    use mosaic_probe::snapshot::{Activity, Condition, SourceName};

    use super::{FleetState, favicon, title};
    use crate::test_fleet;

    #[test]
    fn the_worst_condition_determines_the_state() {
        let table = [
            (&[Condition::Up][..], FleetState::Ok, "1 up – fleet w1"),
            (&[], FleetState::Ok, "0 up – fleet w1"),
            (&[Condition::Up, Condition::Starting], FleetState::Warn, "○ 1 starting – fleet w1"),
            (&[Condition::Stale, Condition::Stale], FleetState::Warn, "○ 2 stale – fleet w1"),
            (&[Condition::Stale, Condition::Unknown], FleetState::Warn, "○ 1 unknown – fleet w1"),
            (&[Condition::Stopped, Condition::Up], FleetState::Ok, "1 up – fleet w1"),
            (&[Condition::Stopped, Condition::Stopped], FleetState::Ok, "2 stopped – fleet w1"),
            (&[Condition::Missing, Condition::Dead, Condition::Stale], FleetState::Down, "● 2 down – fleet w1"),
        ];
        for (conditions, state, said) in table {
            let snapshot = test_fleet::with_conditions(conditions);
            assert_eq!((FleetState::from_snapshot(&snapshot), title(&snapshot).as_str()), (state, said));
        }
    }

    #[test]
    fn an_agent_that_waits_determines_the_state_unless_it_is_down() {
        let mut snapshot = test_fleet::with_conditions(&[Condition::Up, Condition::Up]);
        snapshot.agents[0].activity = Some(test_fleet::activity(Activity::Waiting, None));
        assert_eq!(
            (FleetState::from_snapshot(&snapshot), &*title(&snapshot)),
            (FleetState::Warn, "○ 1 waiting – fleet w1")
        );
        for (reason, title_says) in
            [("login", "○ 1 login needed – fleet w1"), ("usage limit", "○ 1 usage limit – fleet w1")]
        {
            snapshot.agents[0].activity = Some(test_fleet::activity(Activity::Waiting, Some(reason)));
            assert_eq!((FleetState::from_snapshot(&snapshot), &*title(&snapshot)), (FleetState::Warn, title_says));
        }
        snapshot.agents[0].activity = Some(test_fleet::silent());
        assert_eq!(
            (FleetState::from_snapshot(&snapshot), &*title(&snapshot)),
            (FleetState::Warn, "○ 1 silent – fleet w1")
        );
        snapshot.agents[0].condition = Condition::Dead;
        assert_eq!(
            (FleetState::from_snapshot(&snapshot), &*title(&snapshot)),
            (FleetState::Down, "● 1 down – fleet w1")
        );
        snapshot.agents[0].managed = false;
        assert_eq!(FleetState::from_snapshot(&snapshot), FleetState::Ok);
    }

    #[test]
    fn a_failed_source_is_a_warning_where_it_is_needed() {
        let mut snapshot = test_fleet::with_conditions(&[Condition::Up]);
        test_fleet::fail(&mut snapshot, SourceName::Systemd, "it hangs");
        assert_eq!(FleetState::from_snapshot(&snapshot), FleetState::Warn);
        snapshot.direct = true;
        assert_eq!(FleetState::from_snapshot(&snapshot), FleetState::Ok);
    }

    #[test]
    fn every_state_has_its_own_shape() {
        let table = [
            (Condition::Up, "<circle", "#1f9d4d"),
            (Condition::Stale, "<path d=\"M16 3 30 29H2z\"", "#e09b00"),
            (Condition::Dead, "<path d=\"m9 3 7 7", "#dc2f35"),
            (Condition::Missing, "<path d=\"m9 3 7 7", "#dc2f35"),
        ];
        for (condition, shape, color) in table {
            let icon = favicon(&test_fleet::with_conditions(&[Condition::Up, condition]));
            assert!(icon.contains(shape) && icon.contains(color), "{condition}: {icon}");
        }
    }
}
