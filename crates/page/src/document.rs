//! The whole page.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};
use mosaic_probe::snapshot::Snapshot;

use crate::History;
use crate::agents_table::agents_table;
use crate::ages::Ages;
use crate::asset::{PAGE_CSS, PAGE_JS};
use crate::drift_section::drift_section;
use crate::fleet_state::{FleetState, title};
use crate::header::{fleet_hour, place, sources, summary};
use crate::legend::legend;
use crate::view::View;

/// The page as it is now: complete as it stands, and kept up to date by its script where there is one.
#[must_use]
pub fn document(snapshot: &Snapshot, verified: Option<bool>, history: &History, now: Timestamp) -> String {
    let view = View { snapshot, verified, history, now, ages: Ages::At(now) };
    let icon = format!("favicon.svg?state={}", FleetState::of(snapshot).as_str());
    html! {
        (DOCTYPE)
        html lang="en" data-now=(now.as_millisecond()) {
            head {
                meta charset="utf-8";
                title { (title(snapshot)) }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                link #icon rel="icon" type="image/svg+xml" href=(icon);
                link rel="stylesheet" href=(PAGE_CSS.path());
                script src=(PAGE_JS.path()) defer {}
                noscript { meta http-equiv="refresh" content="15"; }
            }
            body {
                a.skip href="#agents" { "Skip to the agents" }
                header {
                    (summary(&view))
                    (fleet_hour(&view))
                    (live(&view))
                    (place(&view))
                }
                p #lost role="alert" hidden {}
                main {
                    (sources(&view))
                    (drift_section(&view))
                    search.scripted {
                        label for="find" { "Find" }
                        input #find type="search" autocomplete="off" spellcheck="false" aria-keyshortcuts="/"
                            placeholder="name, class, condition or activity";
                        kbd aria-hidden="true" { "/" }
                        output #found for="find" {}
                    }
                    (agents_table(&view))
                    (legend())
                }
                footer {
                    p { "Mosaic Fleet · the same as JSON: " a href="api/v1/fleet" { "api/v1/fleet" } }
                }
                p #announce.unseen role="status" aria-live="polite" {}
            }
        }
    }
    .into_string()
}

/// When this was seen, and whether it goes on. The script takes it over.
fn live(view: &View<'_>) -> Markup {
    html! {
        p #live {
            b #link { "as it was" } " "
            span { "observed " span #observed { @if let Some(age) = view.ages.of(Some(&view.snapshot.observed_at)) { (age) } } " ago" }
            noscript { " · without JavaScript this page renews itself every 15 s" }
        }
    }
}

#[cfg(test)]
mod tests;
