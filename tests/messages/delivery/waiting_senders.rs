//! A message that waits for the agent holds nothing: other commands go on meanwhile.

use crate::delivery::record_watch::RecordWatch;
use crate::delivery::site::Sending;
use crate::delivery::test_program;

#[test]
fn keys_can_be_pressed_while_a_plain_message_waits() {
    let site = test_program::site(&["k0"], "tui", "--dialog-until FILE");
    site.wait_screen("k0", "Do you want to proceed?");
    let outbox = RecordWatch::new(&site, "k0");
    let sending = Sending::begin(&mut site.send_command(&["k0", "--no-preamble", "--message", "one", "--wait", "60"]));
    outbox.wait_state("staged", |_| true);
    // The agent's lock is free between two looks, so a key does not end with 75 ten seconds later.
    let pressed = site.mosaic(&["agent", "key", "k0", "Up"]).output().unwrap();
    assert_eq!(pressed.status.code(), Some(0), "{pressed:?}");
    test_program::release(&site);
    assert_eq!(sending.finish().outcome(), "accepted");
    assert_eq!(test_program::wait_received(&site, "k0", 1).last().unwrap(), "one");
}
