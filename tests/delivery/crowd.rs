//! Several who send to one agent at once.

use crate::sent::Sent;
use crate::site::Site;
use crate::texts::{Text, many};
use std::collections::BTreeMap;
use std::thread;

/// What each of them says, one message after the other, by their names.
pub(crate) type Crowd = BTreeMap<String, Vec<Text>>;

/// So many senders, and so many messages of every kind among them.
pub(crate) fn crowd(senders: usize, messages: usize) -> Crowd {
    let share = |nth: usize| messages * (nth + 1) / senders - messages * nth / senders;
    let name = |nth: usize| format!("w{nth}");
    (0..senders).map(|nth| (name(nth), many(&name(nth), share(nth)))).collect()
}

/// Sends all of it at once; each message is accepted or queued, or the test fails with the screen.
pub(crate) fn send_all(site: &Site, agent: &str, crowd: &Crowd) {
    thread::scope(|scope| {
        for (sender, texts) in crowd {
            scope.spawn(move || {
                for (nth, text) in texts.iter().enumerate() {
                    let sent = send(site, agent, sender, nth, text);
                    assert!(
                        sent.exit_code == Some(0) && ["accepted", "queued"].contains(&sent.outcome().as_str()),
                        "{sender} {nth} {text:?}: {sent:?}\n{}",
                        site.screen(agent)
                    );
                }
            });
        }
    });
}

/// Sends one, on the command line, from a file, or through a pipe, in turn.
fn send(site: &Site, agent: &str, sender: &str, nth: usize, text: &Text) -> Sent {
    let preamble: &[&str] = if text.preamble { &[] } else { &["--no-preamble"] };
    let words = [&[agent, "--source-label", sender], preamble].concat();
    match nth % 3 {
        0 => site.send(&[&words[..], &["--message", &text.text]].concat()),
        1 => {
            let file = site.fleet.root().join(format!("{sender}.txt"));
            std::fs::write(&file, &text.text).unwrap();
            site.send(&[&words[..], &["--file", file.to_str().unwrap()]].concat())
        }
        _ => site.send_text(&[&words[..], &["-"]].concat(), text.text.as_bytes()),
    }
}

/// What has arrived is all that was sent: each message once, whole, and in its sender's order.
pub(crate) fn assert_all_arrived(agent: &str, crowd: &Crowd, arrived: &[String]) {
    let expected: usize = crowd.values().map(Vec::len).sum();
    for (sender, texts) in crowd {
        let preamble = Site::preamble(sender, agent);
        let mut from_it = arrived.iter().filter(|text| sender_of(text) == sender);
        for (nth, text) in texts.iter().enumerate() {
            let arrived = from_it.next().unwrap_or_else(|| panic!("{sender} {nth} never arrived: {text:?}"));
            assert_eq!(*arrived, text.arrives(&preamble), "{sender} {nth}");
        }
    }
    assert_eq!(arrived.len(), expected, "{arrived:#?}");
}

/// Behind a sign there is always the sender: `[w0 -> …`, `@w0 …`.
fn sender_of(text: &str) -> &str {
    text.get(1..).unwrap_or_default().split(' ').next().unwrap_or_default()
}
