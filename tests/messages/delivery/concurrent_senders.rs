//! Programs of every make take messages as they were sent: several senders' at once, none mixed with another.

use crate::delivery::senders::{assert_all_arrived, crowd, many, send_all};
use crate::delivery::site::{Agent, Sent, Site};
use crate::delivery::test_program::{self, PROFILE};
use mosaic_harness::LogFile;
use std::thread;

/// Sends messages of four senders to a terminal program.
fn take(site: &Site, messages: usize) {
    site.wait_screen("tui0", "test-tui");
    let crowd = crowd(4, messages);
    send_all(site, "tui0", &crowd);
    assert_all_arrived("tui0", &crowd, &test_program::wait_taken(site, "tui0", messages));
}

#[test]
fn one_with_a_spinner_takes_them_while_it_spins() {
    take(&test_program::site(&["tui0"], "tui", "--spinner"), 60);
}

#[test]
fn one_that_cannot_tell_a_paste_from_typing_takes_a_message_of_many_lines_as_one() {
    let site = test_program::site(&["tui0"], "tui", "--no-bracketed-paste");
    let pasted = PROFILE.lines().find(|line| line.starts_with("pasted:")).unwrap();
    site.write_profile("tui", &PROFILE.replace(&format!("{pasted}\n"), ""));
    take(&site, 60);
}

#[test]
fn one_that_loses_the_first_enter_is_given_another_and_takes_each_once() {
    take(&test_program::site(&["tui0"], "tui", "--swallow-first-enter"), 24);
}

// DOC What reads lines behind a prompt gets a message's lines one after the other, and no other's in between.

#[test]
fn a_reader_of_lines_gets_each_message_in_one_piece() {
    let site = test_program::site(&["repl0"], "repl", "--line");
    let mut crowd = crowd(4, 60);
    for text in crowd.values_mut().flatten() {
        // So that it is seen where one begins.
        text.preamble = true;
    }
    send_all(&site, "repl0", &crowd);
    let lines = crowd.values().flatten().map(|text| text.arrives("").lines().count()).sum();
    let taken = test_program::wait_taken(&site, "repl0", lines);
    let mut messages: Vec<String> = Vec::new();
    for line in taken {
        match messages.last_mut() {
            Some(message) if !line.starts_with("[w") => *message = format!("{message}\n{line}"),
            _ => messages.push(line),
        }
    }
    assert_all_arrived("repl0", &crowd, &messages);
}

/// One word for a shell, which no expansion looks into.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[test]
fn a_shell_runs_each_message_as_a_command_of_one_or_many_lines() {
    let site = Site::of(&[Agent::new("sh0", "shell", "unused")]);
    let log = LogFile::new(site.fleet.root().join("said"));
    drop(log.create());
    site.open_session("sh0", "PS1='$ ' exec bash --norc --noprofile -i");
    site.wait_screen("sh0", "$");
    let senders: Vec<String> = (0..4).map(|nth| format!("w{nth}")).collect();
    // What bash would expand before it reads a quote is left out: its history, by a '!'.
    let texts = |sender: &str| many(sender, 15).into_iter().map(|text| text.arrives("").replace('!', "."));
    thread::scope(|scope| {
        for sender in &senders {
            let site = &site;
            scope.spawn(move || {
                for text in texts(sender) {
                    let command =
                        format!("printf '%s\\n' {} >>\"$HOME/../said\"", quoted(&format!("[{sender}] {text}")));
                    let sent: Sent = site.send_text(&["sh0", "--no-preamble"], command.as_bytes());
                    assert_eq!(sent.outcome(), "accepted", "{command:?}: {sent:?}\n{}", site.screen("sh0"));
                }
            });
        }
    });
    let count = senders.iter().flat_map(|sender| texts(sender)).map(|text| text.lines().count()).sum();
    let said = log.wait_lines(count).join("\n");
    let messages: Vec<&str> = said.split("\n[w").collect();
    for sender in &senders {
        let own = messages
            .iter()
            .filter_map(|text| text.trim_start_matches("[w").strip_prefix(&format!("{}] ", &sender[1..])));
        assert_eq!(own.collect::<Vec<_>>(), texts(sender).collect::<Vec<_>>(), "{sender}");
    }
    assert_eq!(messages.len(), 60);
}
