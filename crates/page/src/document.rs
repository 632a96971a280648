//! The whole page.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};
use mosaic_probe::snapshot::Snapshot;

use crate::History;
use crate::asset::{PAGE_CSS, PAGE_JS};
use crate::fleet_state::{FleetState, title};
use crate::sections::{agents_table, drift, fleet_hour, legend, place, sources, summary};
use crate::view::{Ages, View};

/// Renders the page. It is complete without scripts, and its script keeps it up to date.
#[must_use]
pub fn document(snapshot: &Snapshot, verified: Option<bool>, history: &History, now: Timestamp) -> String {
    let view = View { snapshot, verified, history, now, ages: Ages::At(now) };
    let icon = format!("favicon.svg?state={}", FleetState::from_snapshot(snapshot).as_str());
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
                    (drift(&view))
                    search.scripted {
                        label for="find" { "Find agents" }
                        input #find type="search" autocomplete="off" spellcheck="false" aria-keyshortcuts="/"
                            placeholder="name, class, condition or activity";
                        kbd aria-hidden="true" { "/" }
                        output #found for="find" {}
                    }
                    (agents_table(&view))
                    (legend())
                }
                footer {
                    p { "Mosaic Fleet · this page as JSON: " a href="api/v1/fleet" { "api/v1/fleet" } }
                }
                p #announce.unseen role="status" aria-live="polite" {}
            }
        }
    }
    .into_string()
}

/// The time of the observation, and the state of the connection, which the script updates.
fn live(view: &View<'_>) -> Markup {
    html! {
        p #live {
            b #link { "not live" } " "
            span { "observed " span #observed { @if let Some(age) = view.ages.render(Some(view.snapshot.observed_at)) { (age) } } " ago" }
            noscript { " · without JavaScript, this page reloads every 15 s" }
        }
    }
}

#[cfg(test)]
mod tests;
