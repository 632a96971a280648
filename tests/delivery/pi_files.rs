//! What cannot be typed as it is becomes a file that the agent is told to read.

use crate::pi::RealPi;
use crate::program;
use crate::site::Site;
use std::os::unix::fs::PermissionsExt;

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
    let site = program::site(&["repl0"], "repl", "--line");
    site.wait_screen("repl0", ">");
    let before = site.screen("repl0");
    for (text, why) in [(megabyte(), "refused too-long"), (b"a\ttab".to_vec(), "refused changed")] {
        let sent = site.send_text(&["repl0"], &text);
        assert_eq!((sent.exit_code, sent.outcome()), (Some(1), why.to_owned()));
    }
    assert_eq!(site.screen("repl0"), before);
    assert_eq!(program::taken(&site, "repl0"), [""; 0]);
}
