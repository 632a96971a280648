//! A message never answers what a program asks.

use crate::delivery::site::{Agent, Site};
use mosaic_harness::LogFile;

/// A program that reads a line, and asks before it goes on. Each question ends like the prompt of some program.
fn asking(site: &Site, question: &str) -> (String, LogFile) {
    let answers = LogFile::new(site.fleet.root().join("answers"));
    drop(answers.create());
    let file = site.fleet.root().join("answers");
    let script = format!(
        "printf '> '; read -r task; printf '{question}'; read -r answer; echo \"$answer\" >>'{}'; exec cat",
        file.display()
    );
    (script, answers)
}

#[test]
fn no_line_of_a_message_answers_a_question() {
    let questions =
        ["Create the file? (Y)es/(N)o [Yes]: ", "Overwrite [y/N]> ", "Delete it?\\n> ", "1) red\\n2) blue\\n> "];
    for question in questions {
        let site = Site::with_agents(&[Agent::new("ask0", "assistant", "unused")]);
        let (script, answers) = asking(&site, question);
        site.open_session("ask0", &script);
        site.wait_screen("ask0", ">");
        // A blank line would take the answer that the question suggests.
        let sent = site.send_text(&["ask0"], b"stop\n\nplease");
        assert_eq!(sent.outcome(), "unconfirmed partly", "{question}: {sent:?}\n{}", site.screen("ask0"));
        let again = site.send(&["ask0", "--message", "go on", "--wait", "1"]);
        assert_eq!(again.outcome(), "refused dialog", "{question}: {again:?}\n{}", site.screen("ask0"));
        // Only a person answers.
        site.tmux(&["send-keys", "-t", "=ask0:", "no", "Enter"]);
        assert_eq!(answers.wait_lines(1), ["no"], "{question}");
    }
}
