//! Advice with commands that a person can copy.

use maud::{Markup, html};

/// The programs that commands in advice begin with.
const PROGRAMS: [&str; 5] = ["mosaic ", "tmux ", "systemctl ", "loginctl ", "journalctl "];

/// The separators of commands in advice.
const SEPARATORS: [&str; 2] = [", then ", ", or "];

/// A part of an advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    Command(&'a str),
    Text(&'a str),
}

/// Renders an advice with copyable commands.
pub(crate) fn advice(text: &str) -> Markup {
    html! {
        @for part in split(text) {
            @match part {
                Part::Command(command) => (copyable(command)),
                Part::Text(text) => (text),
            }
        }
    }
}

/// Renders a command with a button that copies it. The button is visible only with the script.
pub(crate) fn copyable(command: &str) -> Markup {
    html! { span.command { code { (command) } button type="button" { "copy" } } }
}

fn split(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let separator = SEPARATORS.iter().filter_map(|separator| Some((rest.find(separator)?, *separator))).min();
        let item = separator.map_or(rest, |(at, _)| &rest[..at]);
        // A note in parentheses after a command, as in "systemctl … (agents restart with it)", is not copied.
        let (command, note) = match item.find(" (") {
            Some(at) if item.ends_with(')') => item.split_at(at),
            _ => (item, ""),
        };
        if PROGRAMS.iter().any(|program| command.starts_with(program)) {
            parts.extend([Part::Command(command), Part::Text(note)]);
        } else {
            parts.push(Part::Text(item));
        }
        let Some((at, separator)) = separator else { break };
        parts.push(Part::Text(separator));
        rest = &rest[at + separator.len()..];
    }
    parts.retain(|part| *part != Part::Text(""));
    parts
}

#[cfg(test)]
mod tests {
    use super::Part::{Command, Text};
    use super::split;

    #[test]
    fn commands_are_found_in_advice() {
        let table = [
            ("mosaic fleet restart coder1", &[Command("mosaic fleet restart coder1")][..]),
            (
                "mosaic fleet install, then mosaic fleet restart a",
                &[Command("mosaic fleet install"), Text(", then "), Command("mosaic fleet restart a")],
            ),
            (
                "mosaic fleet add a, or tmux -L s kill-session -t '=a:'",
                &[Command("mosaic fleet add a"), Text(", or "), Command("tmux -L s kill-session -t '=a:'")],
            ),
            (
                "systemctl --user restart h.service (agents restart with it)",
                &[Command("systemctl --user restart h.service"), Text(" (agents restart with it)")],
            ),
            ("look at the roster (or not)", &[Text("look at the roster (or not)")]),
            ("", &[]),
        ];
        for (text, parts) in table {
            assert_eq!(split(text), parts, "{text}");
        }
    }
}
