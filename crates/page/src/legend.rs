//! How the page is read.

use maud::{Markup, html};
use mosaic_probe::snapshot::Condition;

use crate::doing::Doing;

/// What the marks and bars mean, for whoever wants to know.
pub(crate) fn legend() -> Markup {
    html! {
        details #legend {
            summary { "How to read this" }
            dl {
                @for condition in Condition::ALL {
                    dt class=(condition.as_str()) { b { (condition) } } dd { (meaning(condition)) }
                }
                @for doing in Doing::ALL {
                    dt class=(doing.class()) { b { (doing.as_str()) } } dd { (at(doing)) }
                }
                dt { "last hour" }
                dd {
                    "a bar a minute: high where the agent printed, low where it was silent, below the line where it was "
                    "down; dots where nobody looked. Nothing looks at a fleet while nobody asks."
                }
                dt { "starts" } dd { "how often it was started since the run directory is new, and how it ended the last time" }
            }
        }
    }
}

fn meaning(condition: Condition) -> &'static str {
    match condition {
        Condition::Up => "its process is alive, and its heartbeat fresh",
        Condition::Starting => "its unit is still activating",
        Condition::Stale => "its process is alive, and its heartbeat late",
        Condition::Dead => "its process is gone, or has ended",
        Condition::Missing => "there is no such session",
        Condition::Unknown => "what would decide it could not be read",
    }
}

fn at(doing: Doing) -> &'static str {
    match doing {
        Doing::LoginNeeded => "nobody is logged in for it; others of its account will stand there too",
        Doing::UsageLimit => "its account has no more to give: it waits for the hour, or for money",
        Doing::Waiting => "it asks a person: it says so, or its screen shows it",
        Doing::Blocked => "it cannot go on, and no answer would help",
        Doing::Silent => "it works, and has printed nothing for half an hour",
        Doing::Working => "it says that it works, or its screen shows it",
    }
}
