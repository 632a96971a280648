//! Commands within advice: what a person can copy.

use maud::{Markup, html};

/// The programs that advice names.
const PROGRAMS: [&str; 5] = ["mosaic ", "tmux ", "systemctl ", "loginctl ", "journalctl "];

/// What stands between two commands of one advice.
const LINKS: [&str; 2] = [", then ", ", or "];

/// A part of an advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    Command(&'a str),
    Words(&'a str),
}

/// An advice, its commands made copyable.
pub(crate) fn advice(text: &str) -> Markup {
    html! {
        @for part in split(text) {
            @match part {
                Part::Command(command) => (copyable(command)),
                Part::Words(words) => (words),
            }
        }
    }
}

/// A command and the button that copies it. The button needs the script, which shows it.
pub(crate) fn copyable(command: &str) -> Markup {
    html! { span.command { code { (command) } button type="button" { "copy" } } }
}

fn split(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let link = LINKS.iter().filter_map(|link| Some((rest.find(link)?, *link))).min();
        let here = link.map_or(rest, |(at, _)| &rest[..at]);
        // "systemctl … (agents restart with it)": the note is no part of the command.
        let (words, note) = match here.find(" (") {
            Some(at) if here.ends_with(')') => here.split_at(at),
            _ => (here, ""),
        };
        if PROGRAMS.iter().any(|program| words.starts_with(program)) {
            parts.extend([Part::Command(words), Part::Words(note)]);
        } else {
            parts.push(Part::Words(here));
        }
        let Some((at, link)) = link else { break };
        parts.push(Part::Words(link));
        rest = &rest[at + link.len()..];
    }
    parts.retain(|part| *part != Part::Words(""));
    parts
}

#[cfg(test)]
mod tests {
    use super::Part::{Command, Words};
    use super::split;

    #[test]
    fn the_commands_of_an_advice_are_found() {
        let table = [
            ("mosaic fleet restart coder1", &[Command("mosaic fleet restart coder1")][..]),
            (
                "mosaic fleet install, then mosaic fleet restart a",
                &[Command("mosaic fleet install"), Words(", then "), Command("mosaic fleet restart a")],
            ),
            (
                "mosaic fleet add a, or tmux -L s kill-session -t '=a:'",
                &[Command("mosaic fleet add a"), Words(", or "), Command("tmux -L s kill-session -t '=a:'")],
            ),
            (
                "systemctl --user restart h.service (agents restart with it)",
                &[Command("systemctl --user restart h.service"), Words(" (agents restart with it)")],
            ),
            ("look at the roster (or not)", &[Words("look at the roster (or not)")]),
            ("", &[]),
        ];
        for (text, parts) in table {
            assert_eq!(split(text), parts, "{text}");
        }
    }
}
