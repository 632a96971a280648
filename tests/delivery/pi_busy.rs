//! While pi works, what is said to it waits in pi, and is not lost.

use crate::outbox::Outbox;
use crate::pi::RealPi;
use crate::sending::Sending;
use crate::sent::Sent;
use crate::site::Site;

fn say(pi: &RealPi, text: &str, flags: &[&str]) -> Sent {
    pi.site.send(&[&["pi0", "--source-label", "me", "--message", text], flags].concat())
}

#[test]
fn what_is_sent_while_it_works_is_queued_and_arrives_in_order() {
    let Some(pi) = RealPi::started_or_skip() else { return };
    let hold = pi.model.hold();
    assert_eq!(say(&pi, "begin", &[]).outcome(), "accepted");
    pi.model.wait_held();
    let texts = ["one line", "two\nlines", "the same", "the same", "last;"];
    for text in texts {
        let sent = say(&pi, text, &[]);
        assert_eq!((sent.exit_code, sent.outcome()), (Some(0), "queued".to_owned()), "{text:?}");
    }
    let preamble = Site::preamble("me", "pi0");
    assert_eq!(pi.model.user_turns(), [format!("{preamble}begin")]);
    drop(hold);
    let turns = pi.wait_turns(1 + texts.len());
    assert_eq!(turns[1..], texts.map(|text| format!("{preamble}{text}")));
}

#[test]
fn to_verify_is_to_wait_until_it_is_a_turn_and_to_say_if_it_is_not() {
    let Some(pi) = RealPi::started_or_skip() else { return };
    let hold = pi.model.hold();
    assert_eq!(say(&pi, "begin", &[]).outcome(), "accepted");
    pi.model.wait_held();
    assert_eq!(say(&pi, "not yet a turn", &["--verify", "--wait", "1"]).outcome(), "queued");
    let outbox = Outbox::new(&pi.site, "pi0");
    let words = ["pi0", "--message", "in the end", "--verify", "--wait", "30"];
    let patient = Sending::begin(&mut pi.site.send_command(&words));
    outbox.wait_state("submitted", |record| record["text"].as_str().unwrap().ends_with("in the end"));
    assert_eq!(pi.model.user_turns().len(), 1);
    drop(hold);
    assert_eq!(patient.finish().outcome(), "accepted");
    assert_eq!(pi.wait_turns(3).len(), 3);
}
