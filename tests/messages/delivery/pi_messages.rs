//! A real pi that runs as an agent, with a model that tells what it heard.

use crate::delivery::record_watch::Outbox;
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
    /// These agents, not started; `None`, and a word about it, where there is no pi.
    pub(crate) fn installed_or_skip(agents: &[&str]) -> Option<Self> {
        let pi = Pi::installed_or_skip()?;
        let agents: Vec<Agent> = agents.iter().map(|name| Agent::new(name, "pi", pi.command())).collect();
        let (site, model) = (Site::of(&agents), ModelServer::start());
        pi.configure(&site.fleet, &model);
        Some(Self { site, model })
    }

    /// One that runs.
    pub(crate) fn started_or_skip() -> Option<Self> {
        let pi = Self::installed_or_skip(&["pi0"])?;
        pi.site.start();
        Some(pi)
    }

    /// Waits until so many turns were heard, however long that takes, provided that it goes on.
    pub(crate) fn wait_turns(&self, count: usize) -> Vec<String> {
        for fewer in 1..count {
            let _ = self.model.wait_user_turns(fewer);
        }
        self.model.wait_user_turns(count)
    }
}

// DOC While pi works, what is said to it waits in pi, and is not lost.

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

// DOC What cannot be typed as it is becomes a file that the agent is told to read.

fn megabyte() -> Vec<u8> {
    (0..1 << 20).map(|at: u32| if at % 80 == 79 { b'\n' } else { b'a' + u8::try_from(at % 26).unwrap() }).collect()
}

#[test]
fn pi_is_told_of_a_private_file_that_holds_the_message_byte_for_byte() {
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
        assert!(std::fs::read(path).unwrap() == *text, "what is in {path} is not the message");
    }
}

#[test]
fn a_prompt_that_cannot_read_files_is_not_given_what_is_too_long_for_it() {
    let site = test_program::site(&["repl0"], "repl", "--line");
    site.wait_screen("repl0", ">");
    let before = site.screen("repl0");
    for (text, why) in [(megabyte(), "refused too-long"), (b"a\ttab".to_vec(), "refused changed")] {
        let sent = site.send_text(&["repl0"], &text);
        assert_eq!((sent.exit_code, sent.outcome()), (Some(1), why.to_owned()));
    }
    assert_eq!(site.screen("repl0"), before);
    assert_eq!(test_program::taken(&site, "repl0"), [""; 0]);
}
