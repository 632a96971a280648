//! A real pi under load: many concurrent senders, and messages during its start.

use crate::delivery::pi_messages::RealPi;
use crate::delivery::senders::{assert_all_arrived, make_senders, send_all};
use crate::delivery::site::Site;
use mosaic_harness::{Deadline, Pi};

const MESSAGES: usize = 500;

#[test]
fn five_hundred_messages_of_eight_senders_arrive_once_and_in_order() {
    let Some(pi) = RealPi::started_or_skip() else { return };
    let senders = make_senders(8, MESSAGES);
    send_all(&pi.site, "pi0", &senders);
    // pi passes on its queued messages in its own time.
    let _ = pi.wait_turns(MESSAGES);
    // A duplicate would come before this message.
    assert_eq!(pi.site.send(&["pi0", "--no-preamble", "--message", "the last", "--verify"]).outcome(), "accepted");
    let mut turns = pi.wait_turns(MESSAGES + 1);
    assert_eq!(turns.pop().unwrap(), "the last");
    assert_all_arrived("pi0", &senders, &turns);
}

const AGENTS: [&str; 10] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"];

#[test]
fn a_message_to_a_starting_pi_arrives_whole_or_is_refused() {
    let Some(pi) = RealPi::installed_or_skip(&AGENTS) else { return };
    let command = Pi::installed_or_skip().unwrap().command();
    let mut expected = Vec::new();
    for (nth, agent) in AGENTS.into_iter().enumerate() {
        let launched = pi.site.fleet.launch(agent).command(&command).begin();
        wait_session(&pi.site, agent);
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
    assert!(!expected.is_empty(), "every message was refused");
    assert_eq!(pi.model.user_turns(), expected);
}

/// Polls for an agent's session, which exists long before its composer; tmux sends no event for a new one.
fn wait_session(site: &Site, agent: &str) {
    let deadline = Deadline::default();
    while !site.fleet.sessions().iter().any(|session| session == agent) {
        assert!(!deadline.passed(), "{agent} has no session");
    }
}
