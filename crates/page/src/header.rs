//! The top of the page: whose fleet it is, how it is, and what nobody could see.

use maud::{Markup, html};
use mosaic_probe::snapshot::{Condition, SourceName};

use crate::doing::Doing;
use crate::fleet_state::{FleetState, failed_sources};
use crate::sparkline::fleet_sparkline;
use crate::view::View;

/// How the fleet is, in a line.
pub(crate) fn summary(view: &View<'_>) -> Markup {
    let snapshot = view.snapshot;
    let known = snapshot.sources.get(&SourceName::Roster).is_none_or(|roster| roster.ok);
    let conditions = Condition::ALL.into_iter().filter(|condition| *condition != Condition::Up);
    let counts = conditions.map(|condition| (snapshot.count(condition), condition.as_str(), condition.as_str()));
    let asking = [
        (Doing::LoginNeeded, "login needed"),
        (Doing::UsageLimit, "at the usage limit"),
        (Doing::Waiting, "waiting for you"),
        (Doing::Blocked, "blocked"),
        (Doing::Silent, "silent at work"),
        (Doing::Working, "working"),
    ];
    let asking = asking.map(|(doing, what)| (doing.count(snapshot), doing.class(), what));
    let drift = (snapshot.drift.len(), "drift", if snapshot.drift.len() == 1 { "drift item" } else { "drift items" });
    html! {
        div #summary class=(FleetState::of(snapshot).as_str()) {
            h1 {
                small { "fleet of " (snapshot.tenant) " on " (snapshot.host) }
                (snapshot.count(Condition::Up)) " of " (snapshot.managed().count()) " up"
            }
            ul.counts {
                @if !known { li.dead { "which agents there should be is not known" } }
                @for (count, class, what) in counts.chain(asking).chain([drift]).filter(|(count, ..)| *count > 0) {
                    li class=(class) { b { (count) } " " (what) }
                }
                @match view.verified {
                    Some(true) => li.up { "verified" },
                    Some(false) => li.stale { "verify does not pass" },
                    None => {},
                }
            }
        }
    }
}

/// The fleet's last hour.
pub(crate) fn fleet_hour(view: &View<'_>) -> Markup {
    html! {
        figure #hour {
            (fleet_sparkline(&view.history.fleet(view.now), view.now))
            figcaption { "up, the last hour" }
        }
    }
}

/// Where the fleet is.
pub(crate) fn place(view: &View<'_>) -> Markup {
    let snapshot = view.snapshot;
    let holder = &snapshot.holder;
    html! {
        p #place {
            span { "socket " (snapshot.socket) }
            @match holder.up {
                Some(true) => span {
                    "holder up"
                    @if let Some(pid) = holder.pid { ", pid " (pid) }
                    @if let Some(age) = view.ages.of(holder.since.as_deref()) { ", for " (age) }
                },
                Some(false) => span.dead { "no holder" },
                None => span { "holder unknown" },
            }
            @match snapshot.linger {
                Some(false) => span.stale { "linger off: agents end at logout" },
                Some(true) | None => {},
            }
            @if snapshot.direct { span { "started directly: nobody starts an agent again" } }
        }
    }
}

/// What could not be read.
pub(crate) fn sources(view: &View<'_>) -> Markup {
    html! {
        ul #sources {
            @for (name, error) in failed_sources(view.snapshot) {
                // The first line says it; a roster's error shows the spot below.
                li.dead { b { (name.as_str()) } ": " (error.lines().next().unwrap_or_default()) }
            }
        }
    }
}
