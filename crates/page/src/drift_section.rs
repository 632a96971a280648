//! What differs from the roster, and what to do about it.

use maud::{Markup, html};

use crate::command::advice;
use crate::view::View;

/// More are a fault of the whole fleet, which nobody mends one by one.
const SHOWN: usize = 100;
/// So many do not push the agents off the screen.
const OPEN: usize = 4;

/// The section; it is there also when there is nothing in it.
pub(crate) fn drift_section(view: &View<'_>) -> Markup {
    let drift = &view.snapshot.drift;
    let more = drift.len().saturating_sub(SHOWN);
    html! {
        section #drift aria-label="Drift" {
            @if drift.is_empty() {
                p.calm { "No drift: nothing differs from the roster" (unseen(view)) "." }
            } @else {
                details open[drift.len() <= OPEN] {
                    summary { h2 { "Drift " span.count { (drift.len()) } } " " small { "what differs from the roster, and what to do" } }
                    ul.items {
                        @for item in drift.iter().take(SHOWN) {
                            li {
                                p { b { (item.kind) } " " span.subject { (item.subject) } }
                                p { (item.detail) }
                                p { (advice(&item.advice)) }
                            }
                        }
                    }
                    @if more > 0 { p { "and " (more) " more: " (advice("mosaic fleet ps")) } }
                }
            }
        }
    }
}

/// Where nobody looked, drift may be.
fn unseen(view: &View<'_>) -> &'static str {
    if crate::fleet_state::failed_sources(view.snapshot).next().is_some() { ", as far as could be seen" } else { "" }
}
