//! What eight people say to one pi at once is what its model hears.

use crate::delivery::pi_messages::RealPi;
use crate::delivery::senders::{assert_all_arrived, crowd, send_all};
use crate::delivery::site::Site;
use mosaic_harness::{Deadline, Pi};

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

// DOC What is sent to a pi that is just starting arrives whole, or nothing of it was typed.

const AGENTS: [&str; 10] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"];

#[test]
fn each_of_ten_starts_takes_the_message_that_was_there_before_it_or_refuses_it() {
    let Some(pi) = RealPi::installed_or_skip(&AGENTS) else { return };
    let command = Pi::installed_or_skip().unwrap().command();
    let mut expected = Vec::new();
    for (nth, agent) in AGENTS.into_iter().enumerate() {
        let launched = pi.site.fleet.launch(agent).command(&command).begin();
        await_session(&pi.site, agent);
        let text = format!("the first words\n\nto the {nth}th, in several\nlines;");
        let sent = pi.site.send(&[agent, "--source-label", "me", "--message", &text, "--wait", "30"]);
        match sent.outcome().as_str() {
            "accepted" => expected.push(Site::preamble("me", agent) + &text),
            refused if refused.starts_with("refused") => eprintln!("{agent}: {sent:?}\n{}", pi.site.screen(agent)),
            _ => panic!("{agent}: {sent:?}\n{}", pi.site.screen(agent)),
        }
        assert!(launched.finish(Deadline::default()).status.success());
        assert_eq!(pi.model.wait_user_turns(expected.len()), expected, "{sent:?}");
    }
    assert!(!expected.is_empty(), "every one was refused");
    assert_eq!(pi.model.user_turns(), expected);
}

/// Waits for an agent's session, long before there is a composer in it; tmux tells nobody of new ones.
fn await_session(site: &Site, agent: &str) {
    let deadline = Deadline::default();
    while !site.fleet.sessions().iter().any(|session| session == agent) {
        assert!(!deadline.passed(), "{agent} has no session");
    }
}
