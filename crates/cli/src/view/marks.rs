//! The marks and colors of conditions, checks and messages.

use mosaic_delivery::spool::State;
use mosaic_probe::snapshot::Condition;
use mosaic_probe::verify::Status;
use mosaic_terminal::{Mark, Paint};

/// The mark of a condition.
pub(crate) fn condition_mark(condition: Condition) -> Mark {
    match condition {
        Condition::Up => Mark::Good,
        Condition::Starting => Mark::Pending,
        Condition::Stale => Mark::Warning,
        Condition::Dead => Mark::Bad,
        Condition::Missing => Mark::Absent,
        Condition::Stopped => Mark::Resting,
        Condition::Unknown => Mark::Unknown,
    }
}

/// The mark of the status of a check.
pub(crate) fn status_mark(status: Status) -> Mark {
    match status {
        Status::Pass => Mark::Good,
        Status::Fail => Mark::Bad,
        Status::Unknown => Mark::Unknown,
    }
}

/// The color of the state of a message.
pub(super) fn message_paint(state: State) -> Paint {
    match state {
        State::Accepted | State::Queued => Paint::Green,
        State::Staged | State::Typing | State::Typed | State::Submitted => Paint::Cyan,
        State::Waiting => Paint::Yellow,
        State::Unconfirmed => Paint::Magenta,
        State::Refused | State::Expired => Paint::Red,
        State::Cancelled => Paint::Dim,
    }
}
