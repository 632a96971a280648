//! Waiting for what is only seen by looking: a screen, or what a look at the fleet makes of it, tells nobody that it
//! has changed.

use std::thread;
use std::time::Duration;

use mosaic_harness::Deadline;

/// Programs of a hundred megabytes take their time to start, all the more where no network answers them.
const PATIENCE: Duration = Duration::from_mins(2);
/// Each look starts a program, and what is waited for wants the processor, too.
const BETWEEN: Duration = Duration::from_millis(50);

/// Looks until something is found; at the deadline it fails, and says what it has seen instead.
pub(crate) fn look_until<T>(mut look: impl FnMut() -> Option<T>, instead: impl Fn() -> String) -> T {
    let deadline = Deadline::after(PATIENCE);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(!deadline.passed(), "{}", instead());
        thread::sleep(BETWEEN);
    }
}
