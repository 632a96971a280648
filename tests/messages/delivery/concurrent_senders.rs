//! Programs of different kinds receive the messages of concurrent senders unchanged and unmixed.

use crate::delivery::senders::{assert_all_arrived, make_senders, messages, send_all};
use crate::delivery::site::{Agent, Sent, Site};
use crate::delivery::test_program::{self, PROFILE};
use mosaic_harness::LogFile;
use std::thread;

/// Sends messages of four senders to a terminal program, which must receive all.
fn assert_received(site: &Site, messages: usize) {
    site.wait_screen("tui0", "test-tui");
    let senders = make_senders(4, messages);
    send_all(site, "tui0", &senders);
    assert_all_arrived("tui0", &senders, &test_program::wait_received(site, "tui0", messages));
}

#[test]
fn a_program_with_a_spinner_receives_concurrent_messages() {
    assert_received(&test_program::site(&["tui0"], "tui", "--spinner"), 60);
}

#[test]
fn a_program_without_bracketed_paste_receives_multi_line_messages_whole() {
    let site = test_program::site(&["tui0"], "tui", "--no-bracketed-paste");
    let pasted = PROFILE.lines().find(|line| line.starts_with("pasted:")).unwrap();
    site.write_profile("tui", &PROFILE.replace(&format!("{pasted}\n"), ""));
    assert_received(&site, 60);
}

#[test]
fn an_enter_that_became_a_line_feed_is_repeated_and_each_message_arrives_once() {
    let site = test_program::site(&["tui0"], "tui", "--break-at-first-enter");
    site.wait_screen("tui0", "test-tui");
    for nth in 0..4 {
        let text = format!("message {nth}");
        let sent = site.send(&["tui0", "--no-preamble", "--message", &text]);
        assert_eq!(sent.outcome(), "accepted", "{sent:?}\n{}", site.screen("tui0"));
    }
    let received = test_program::wait_received(&site, "tui0", 4);
    assert_eq!(received, ["message 0\n", "message 1\n", "message 2\n", "message 3\n"]);
}

#[test]
fn a_line_reader_gets_each_message_in_one_piece() {
    let site = test_program::site(&["repl0"], "repl", "--line");
    let mut senders = make_senders(4, 60);
    for text in senders.values_mut().flatten() {
        // The preamble marks where a message begins.
        text.preamble = true;
    }
    send_all(&site, "repl0", &senders);
    let lines = senders.values().flatten().map(|text| text.arrives("").lines().count()).sum();
    let received = test_program::wait_received(&site, "repl0", lines);
    let mut messages: Vec<String> = Vec::new();
    for line in received {
        match messages.last_mut() {
            Some(message) if !line.starts_with("[w") => *message = format!("{message}\n{line}"),
            _ => messages.push(line),
        }
    }
    assert_all_arrived("repl0", &senders, &messages);
}

/// Quotes a text as one word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[test]
fn a_shell_runs_each_message_as_a_command_of_one_or_many_lines() {
    let site = Site::with_agents(&[Agent::new("sh0", "shell", "unused")]);
    let log = LogFile::new(site.fleet.root().join("printed"));
    drop(log.create());
    site.open_session("sh0", "PS1='$ ' exec bash --norc --noprofile -i");
    site.wait_screen("sh0", "$");
    let senders: Vec<String> = (0..4).map(|nth| format!("w{nth}")).collect();
    // '!' is left out: bash expands history even inside quotes.
    let texts = |sender: &str| messages(sender, 15).into_iter().map(|text| text.arrives("").replace('!', "."));
    thread::scope(|scope| {
        for sender in &senders {
            let site = &site;
            scope.spawn(move || {
                for text in texts(sender) {
                    let command =
                        format!("printf '%s\\n' {} >>\"$HOME/../printed\"", quoted(&format!("[{sender}] {text}")));
                    let sent: Sent = site.send_text(&["sh0", "--no-preamble"], command.as_bytes());
                    assert_eq!(sent.outcome(), "accepted", "{command:?}: {sent:?}\n{}", site.screen("sh0"));
                }
            });
        }
    });
    let count = senders.iter().flat_map(|sender| texts(sender)).map(|text| text.lines().count()).sum();
    let printed = log.wait_lines(count).join("\n");
    let messages: Vec<&str> = printed.split("\n[w").collect();
    for sender in &senders {
        let own = messages
            .iter()
            .filter_map(|text| text.trim_start_matches("[w").strip_prefix(&format!("{}] ", &sender[1..])));
        assert_eq!(own.collect::<Vec<_>>(), texts(sender).collect::<Vec<_>>(), "{sender}");
    }
    assert_eq!(messages.len(), 60);
}
