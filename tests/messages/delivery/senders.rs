//! Concurrent senders to one agent, and messages of every kind.

use crate::delivery::site::{Sent, Site};
use std::collections::BTreeMap;
use std::thread;

/// The messages of each sender in order, by its name.
pub(crate) type Senders = BTreeMap<String, Vec<Text>>;

/// Distributes messages of every kind to a number of senders.
pub(crate) fn make_senders(senders: usize, count: usize) -> Senders {
    let share = |nth: usize| count * (nth + 1) / senders - count * nth / senders;
    let name = |nth: usize| format!("w{nth}");
    (0..senders).map(|nth| (name(nth), messages(&name(nth), share(nth)))).collect()
}

/// Sends concurrently; each message must be accepted or queued, or the test fails with the screen.
pub(crate) fn send_all(site: &Site, agent: &str, senders: &Senders) {
    thread::scope(|scope| {
        for (sender, texts) in senders {
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

/// Sends one message: on the command line, from a file, or through a pipe, in turn.
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

/// Each sent message has arrived once, whole and in its sender's order.
pub(crate) fn assert_all_arrived(agent: &str, senders: &Senders, arrived: &[String]) {
    let expected: usize = senders.values().map(Vec::len).sum();
    for (sender, texts) in senders {
        let preamble = Site::preamble(sender, agent);
        let mut from_it = arrived.iter().filter(|text| sender_of(text) == sender);
        for (nth, text) in texts.iter().enumerate() {
            let arrived = from_it.next().unwrap_or_else(|| panic!("{sender} {nth} did not arrive: {text:?}"));
            assert_eq!(*arrived, text.arrives(&preamble), "{sender} {nth}");
        }
    }
    assert_eq!(arrived.len(), expected, "{arrived:#?}");
}

/// The sender stands behind the first character: `[w0 -> …`, `@w0 …`.
fn sender_of(text: &str) -> &str {
    text.get(1..).unwrap_or_default().split(' ').next().unwrap_or_default()
}

/// A message to send.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) preamble: bool,
}

impl Text {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), preamble: true }
    }

    /// A message without preamble. It begins with a sign and its sender, which identify it on arrival.
    fn bare(text: String) -> Self {
        Self { text, preamble: false }
    }

    /// The text that arrives if this preamble is used.
    pub(crate) fn arrives(&self, preamble: &str) -> String {
        let text = self.text.replace("\r\n", "\n");
        let picture = |character: char| match character {
            '\n' | '\t' => character,
            '\r' => '\n',
            '\x7f' => '␡',
            control if control < ' ' => char::from_u32(0x2400 + u32::from(control)).unwrap(),
            plain => plain,
        };
        let text: String = text.chars().map(picture).collect();
        format!("{}{}", if self.preamble { preamble } else { "" }, text.trim_end())
    }
}

/// One message of every kind from this sender; `nth` distinguishes them from the sender's others.
pub(crate) fn of_every_kind(sender: &str, nth: usize) -> Vec<Text> {
    let long = |words: usize| (0..words).map(|word| format!("word{word}")).collect::<Vec<_>>().join(" ");
    let lines = |lines: usize| (1..=lines).map(|line| format!("line {line} of {nth}")).collect::<Vec<_>>().join("\n");
    vec![
        Text::new(format!("one line, the {nth}th of its kind")),
        Text::new(format!("{nth}\n\nwith blank lines\n\n\nbetween, and blanks behind  \n and one before")),
        Text::new(lines(30)),
        Text::new(format!("{nth} {}", long(200))),
        Text::new(format!("{nth} 👩‍🚀 👍🏽 🇨🇭 漢字かな 한국어 e\u{301}\u{323}a\u{308} שלום مرحبا ｆｕｌｌ ß")),
        Text::new(format!("/new {nth} is no command")),
        Text::new(format!("!ls {nth}")),
        Text::new(format!("{nth} each line begins with a sign\n/quit\n!ls\n-x\n# heading\n@file\n> quoted")),
        Text::bare(format!("-{sender} begins with a hyphen {nth}")),
        Text::bare(format!("#{sender} begins with a number sign {nth}")),
        Text::bare(format!("@{sender} begins with an at sign {nth}")),
        Text::new(format!("{nth} ends in a semicolon;")),
        Text::new(format!("{nth} ends in a backslash \\")),
        Text::new(format!(
            "{nth} \"double\" 'single' $(touch x) `touch y` ${{HOME}} ~ #{{pid}} #S %s %n %% \\n \\033[m"
        )),
        Text::new(format!(
            "{nth} **bold** _it_ [x](y)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```sh\necho *\n```\n---\nbelow"
        )),
        Text::new(format!(
            "{nth} bell \x07 \x1b[31mred\x1b[0m \x01\x03\x04\x08\x0b\x1f \x7f and the end \x1b[201~ of a paste\r"
        )),
        Text::new(format!("{nth}  two   three    four     blanks")),
        Text::new("the same as the next one"),
        Text::new("the same as the next one"),
        Text::new(format!("{nth} lines that end\r\nas elsewhere\r\n")),
        Text::new(format!("{nth} a line of a box\n────────────────────\nbelow it")),
        Text::new(format!("{nth} ends in blanks   \n \n")),
        Text::new("x"),
    ]
}

/// A number of messages, of every kind in turn.
pub(crate) fn messages(sender: &str, count: usize) -> Vec<Text> {
    (0..).flat_map(|nth| of_every_kind(sender, nth)).take(count).collect()
}
