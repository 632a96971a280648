//! `mosaic agent tail`: prints the last lines of an agent's pane, and follows its output.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::Arc;

use clap::Args;
use mosaic_domain::AgentName;
use mosaic_exit_code::ExitCode;
use mosaic_tmux::{PaneContents, PaneEvent, PaneId, Server};

use super::agent_pane::find_pane;
use super::terminal_text::TerminalText;
use super::whole_number;
use crate::bound;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::NamedAgent;
use crate::view::{print, print_notice};

/// Print the last lines of an agent's pane
///
/// With --follow, the output of the agent is printed as text while it arrives. For a program that draws on the whole
/// screen, 'mosaic agent watch' shows more. The agent does not wait for a slow reader: output is skipped then, and
/// a message on standard error says so.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic agent tail coder0 -n 50\n  mosaic agent tail coder0 -f | grep -i error")]
pub(crate) struct Tail {
    #[command(flatten)]
    agent: NamedAgent,

    /// The number of lines
    #[arg(short = 'n', long, value_name = "LINES", default_value = "10", value_parser = whole_number)]
    lines: u32,

    /// Follow the output until Ctrl-C or the end of the session
    #[arg(short, long)]
    follow: bool,
}

impl Tail {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        let (server, pane) = find_pane(context, &roster, agent)?;
        let lines = self.lines as usize;
        if self.follow {
            if let FollowEnd::SessionEnded(reason) = follow(&server, agent, pane, lines)? {
                let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                print_notice(&format!("the session of {agent} has ended, or tmux has closed it{reason}"));
            }
        } else {
            let last = server.last_lines(pane, lines)?;
            print(&last.into_iter().map(|line| line + "\n").collect::<String>())?;
        }
        Ok(ExitCode::Ok)
    }
}

/// Why a follower stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FollowEnd {
    /// The reader of standard output has closed the pipe.
    ReaderClosed,
    /// The session has ended, or tmux has closed it, for this reason.
    SessionEnded(String),
}

/// Prints the last lines of a pane, and then its output as it arrives.
pub(super) fn follow(
    server: &Server,
    agent: &AgentName,
    pane: PaneId,
    lines: usize,
) -> Result<FollowEnd, CommandError> {
    // Ctrl-Z is ignored, because tmux stops reading from an agent whose output a client does not read.
    let caught = signal_hook::flag::register(signal_hook::consts::SIGTSTP, Arc::default());
    caught.map_err(|source| CommandError::io("use", "the terminal", source))?;
    let (shown, mut follower) = server.follow(agent, pane, lines, &bound::bind)?;
    let mut text = TerminalText::new(io::stdout().is_terminal());
    if !write(opening_text(&shown, lines).as_bytes())? {
        return Ok(FollowEnd::ReaderClosed);
    }
    loop {
        match follower.next_event() {
            PaneEvent::Output(bytes) => {
                if !write(&text.convert(&bytes))? {
                    return Ok(FollowEnd::ReaderClosed);
                }
            }
            PaneEvent::Gap => {
                print_notice(&format!("some output of {agent} was skipped, because it was not read in time"));
            }
            PaneEvent::Ended(reason) => return Ok(FollowEnd::SessionEnded(reason)),
        }
    }
}

/// Returns the last lines. The last one has no line feed if the agent continues it.
fn opening_text(shown: &PaneContents, lines: usize) -> String {
    let last: Vec<&str> =
        shown.lines[shown.lines.len().saturating_sub(lines)..].iter().map(|line| line.trim_end()).collect();
    let text = last.join("\n");
    match (shown.cursor, last.last()) {
        (_, None) => text,
        (None, Some(_)) => text + "\n",
        // A capture has no trailing blanks, such as the one after a prompt.
        (Some(column), Some(line)) => text + &" ".repeat(column.saturating_sub(line.chars().count())),
    }
}

/// Writes and flushes; returns false if the reader has closed the pipe.
fn write(bytes: &[u8]) -> Result<bool, CommandError> {
    let mut output = io::stdout().lock();
    match output.write_all(bytes).and_then(|()| output.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(source) => Err(CommandError::io("write to", "standard output", source)),
    }
}

#[cfg(test)]
mod tests {
    use super::opening_text;
    use mosaic_tmux::PaneContents;

    #[test]
    fn the_last_line_stays_open_if_the_agent_continues_it() {
        let shown = |cursor| PaneContents { lines: ["one", "two", "$"].map(str::to_owned).to_vec(), cursor };
        assert_eq!(opening_text(&shown(None), 2), "two\n$\n");
        assert_eq!(opening_text(&shown(Some(2)), 2), "two\n$ ");
        assert_eq!(opening_text(&shown(Some(1)), 99), "one\ntwo\n$");
        assert_eq!(opening_text(&shown(None), 0), "");
    }
}
