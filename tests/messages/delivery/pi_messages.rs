//! A real pi as an agent, with a stub model that records its turns: queued and long messages.

use crate::delivery::record_watch::RecordWatch;
use crate::delivery::site::{Agent, Sending, Sent, Site};
use crate::delivery::test_program;
use mosaic_harness::{ModelServer, Pi};
use std::os::unix::fs::PermissionsExt;

#[derive(Debug)]
pub(crate) struct RealPi {
    pub(crate) site: Site,
    pub(crate) model: ModelServer,
}

impl RealPi {
    /// These agents, not started; `None` with a notice if pi is not installed.
    pub(crate) fn installed_or_skip(agents: &[&str]) -> Option<Self> {
        let pi = Pi::installed_or_skip()?;
        let agents: Vec<Agent> = agents.iter().map(|name| Agent::new(name, "pi", pi.command())).collect();
        let (site, model) = (Site::with_agents(&agents), ModelServer::start());
        pi.configure(&site.fleet, &model);
        Some(Self { site, model })
    }

    /// One running agent.
    pub(crate) fn started_or_skip() -> Option<Self> {
        let pi = Self::installed_or_skip(&["pi0"])?;
        pi.site.start();
        Some(pi)
    }

    /// Waits until the model has received a number of turns, as long as each next one arrives in time.
    pub(crate) fn wait_turns(&self, count: usize) -> Vec<String> {
        for fewer in 1..count {
            let _ = self.model.wait_user_turns(fewer);
        }
        self.model.wait_user_turns(count)
    }
}

fn send(pi: &RealPi, text: &str, flags: &[&str]) -> Sent {
    pi.site.send(&[&["pi0", "--source-label", "me", "--message", text], flags].concat())
}

#[test]
fn messages_to_a_busy_pi_are_queued_and_arrive_in_order() {
    let Some(pi) = RealPi::started_or_skip() else { return };
    let hold = pi.model.hold();
    assert_eq!(send(&pi, "begin", &[]).outcome(), "accepted");
    pi.model.wait_held();
    let texts = ["one line", "two\nlines", "the same", "the same", "last;"];
    for text in texts {
        let sent = send(&pi, text, &[]);
        assert_eq!((sent.exit_code, sent.outcome()), (Some(0), "queued".to_owned()), "{text:?}");
    }
    let preamble = Site::preamble("me", "pi0");
    assert_eq!(pi.model.user_turns(), [format!("{preamble}begin")]);
    drop(hold);
    let turns = pi.wait_turns(1 + texts.len());
    assert_eq!(turns[1..], texts.map(|text| format!("{preamble}{text}")));
}

#[test]
fn verify_waits_until_the_message_is_a_turn() {
    let Some(pi) = RealPi::started_or_skip() else { return };
    let hold = pi.model.hold();
    assert_eq!(send(&pi, "begin", &[]).outcome(), "accepted");
    pi.model.wait_held();
    assert_eq!(send(&pi, "not yet a turn", &["--verify", "--wait", "1"]).outcome(), "queued");
    let outbox = RecordWatch::new(&pi.site, "pi0");
    let words = ["pi0", "--message", "in the end", "--verify", "--wait", "30"];
    let sending = Sending::begin(&mut pi.site.send_command(&words));
    outbox.wait_state("submitted", |record| record["text"].as_str().unwrap().ends_with("in the end"));
    assert_eq!(pi.model.user_turns().len(), 1);
    drop(hold);
    assert_eq!(sending.finish().outcome(), "accepted");
    assert_eq!(pi.wait_turns(3).len(), 3);
}

fn megabyte() -> Vec<u8> {
    (0..1 << 20).map(|at: u32| if at % 80 == 79 { b'\n' } else { b'a' + u8::try_from(at % 26).unwrap() }).collect()
}

#[test]
fn long_messages_are_sent_to_pi_as_a_private_file() {
    let Some(pi) = RealPi::started_or_skip() else { return };
    let mut long = megabyte();
    long.extend_from_slice(b"the end");
    let table = b"all:\n\tcargo build\n\n\t\tcargo test".to_vec();
    for (nth, text) in [table, long].iter().enumerate() {
        let sent = pi.site.send_text(&["pi0", "--source-label", "me"], text);
        assert_eq!((sent.exit_code, sent.outcome()), (Some(0), "accepted".to_owned()), "{sent:?}");
        let path = sent.file().unwrap();
        let pointer = format!("Read this message, it is in the file {path} ({} bytes)", text.len());
        assert_eq!(pi.model.wait_user_turns(nth + 1)[nth], Site::preamble("me", "pi0") + &pointer);
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(std::fs::read(path).unwrap() == *text, "{path} does not contain the message");
    }
}

#[test]
fn a_prompt_that_cannot_read_files_refuses_long_messages() {
    let site = test_program::site(&["repl0"], "repl", "--line");
    site.wait_screen("repl0", ">");
    let before = site.screen("repl0");
    for (text, reason) in [(megabyte(), "refused too-long"), (b"a\ttab".to_vec(), "refused changed")] {
        let sent = site.send_text(&["repl0"], &text);
        assert_eq!((sent.exit_code, sent.outcome()), (Some(1), reason.to_owned()));
    }
    assert_eq!(site.screen("repl0"), before);
    assert_eq!(test_program::received(&site, "repl0"), [""; 0]);
}
