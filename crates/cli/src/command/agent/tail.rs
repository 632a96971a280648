//! `mosaic agent tail`: what an agent printed last, and what it prints from now on.

mod terminal_text;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::Arc;

use clap::Args;
use mosaic_domain::{AgentName, ExitCode};
use mosaic_tmux::{Heard, PaneId, Server, Shown};

use super::session::session;
use crate::bound;
use crate::context::Context;
use crate::error::CommandError;
use crate::grammar::NamedAgent;
use crate::view::{print, print_notice};
use terminal_text::TerminalText;

/// Show the last lines of an agent's pane
///
/// With --follow everything that the agent prints from then on comes as it is printed, as text: of a
/// program that draws on its whole screen, 'mosaic agent watch' shows more. The agent does not
/// wait for a reader: when nobody takes its lines, some are left out, and standard error says so.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  mosaic agent tail coder0 -n 50\n  mosaic agent tail coder0 -f | grep -i error")]
pub(crate) struct Tail {
    #[command(flatten)]
    agent: NamedAgent,

    /// How many lines
    #[arg(short = 'n', long, value_name = "LINES", default_value = "10")]
    lines: u32,

    /// Go on with what is printed, until Ctrl-C or the end of the session
    #[arg(short, long)]
    follow: bool,
}

impl Tail {
    pub(crate) fn run(&self, context: &Context) -> Result<ExitCode, CommandError> {
        let roster = context.roster()?;
        let agent = self.agent.checked(&roster)?;
        let (server, pane) = session(context, &roster, agent)?;
        let lines = self.lines as usize;
        if self.follow {
            follow(&server, agent, pane, lines)?;
        } else {
            let last = server.last_lines(pane, lines)?;
            print(&last.into_iter().map(|line| line + "\n").collect::<String>())?;
        }
        Ok(ExitCode::Ok)
    }
}

fn follow(server: &Server, agent: &AgentName, pane: PaneId, lines: usize) -> Result<(), CommandError> {
    // Ctrl-Z would not only stop us: tmux stops to read an agent whose output a client does not take.
    let caught = signal_hook::flag::register(signal_hook::consts::SIGTSTP, Arc::default());
    caught.map_err(|source| CommandError::io("use", "the terminal", source))?;
    let (shown, mut follower) = server.follow(agent, pane, lines, &bound::bind)?;
    let mut text = TerminalText::new(io::stdout().is_terminal());
    if !write(begin(&shown, lines).as_bytes())? {
        return Ok(());
    }
    loop {
        match follower.hear() {
            Heard::Output(bytes) => {
                if !write(&text.of(&bytes))? {
                    return Ok(());
                }
            }
            Heard::Gap => print_notice(&format!("some of what {agent} printed is left out: it was not taken in time")),
            Heard::Ended(reason) => {
                let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                print_notice(&format!("the session of {agent} has ended, or tmux has closed it{reason}"));
                return Ok(());
            }
        }
    }
}

/// The last lines; the last one is open if the agent will go on in it.
fn begin(shown: &Shown, lines: usize) -> String {
    let last: Vec<&str> =
        shown.lines[shown.lines.len().saturating_sub(lines)..].iter().map(|line| line.trim_end()).collect();
    let text = last.join("\n");
    match (shown.cursor, last.last()) {
        (_, None) => text,
        (None, Some(_)) => text + "\n",
        // The space after a prompt is no less printed than the prompt.
        (Some(column), Some(line)) => text + &" ".repeat(column.saturating_sub(line.chars().count())),
    }
}

/// Writes at once; false if nobody reads any more.
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
    use super::begin;
    use mosaic_tmux::Shown;

    #[test]
    fn the_last_line_stays_open_where_the_agent_goes_on_in_it() {
        let shown = |cursor| Shown { lines: ["one", "two", "$"].map(str::to_owned).to_vec(), cursor };
        assert_eq!(begin(&shown(None), 2), "two\n$\n");
        assert_eq!(begin(&shown(Some(2)), 2), "two\n$ ");
        assert_eq!(begin(&shown(Some(1)), 99), "one\ntwo\n$");
        assert_eq!(begin(&shown(None), 0), "");
    }
}
