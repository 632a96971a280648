//! What eight people say to one pi at once is what its model hears.

use crate::crowd::{assert_all_arrived, crowd, send_all};
use crate::pi::RealPi;

const MESSAGES: usize = 500;

#[test]
fn five_hundred_messages_of_eight_senders_arrive_once_whole_and_in_order() {
    let Some(pi) = RealPi::started_or_skip() else { return };
    let crowd = crowd(8, MESSAGES);
    send_all(&pi.site, "pi0", &crowd);
    // It says what it has queued in its own time.
    let _ = pi.wait_turns(MESSAGES);
    // Whatever it was given twice comes before this.
    assert_eq!(pi.site.send(&["pi0", "--no-preamble", "--message", "the last", "--verify"]).outcome(), "accepted");
    let mut turns = pi.wait_turns(MESSAGES + 1);
    assert_eq!(turns.pop().unwrap(), "the last");
    assert_all_arrived("pi0", &crowd, &turns);
}
