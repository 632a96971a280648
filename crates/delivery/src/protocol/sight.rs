//! What one look at a pane saw.

use mosaic_domain::Pid;
use mosaic_process::TerminalInput;
use mosaic_tmux::CapturedPane;

use mosaic_runtimes::Screen;

/// Who is in the pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occupant {
    /// The process that the message is for.
    Meant,
    /// That process, ended.
    Dead,
    /// Another process.
    Another,
    /// Nobody: the pane is gone.
    Nobody,
}

/// One look.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Who is in the pane.
    pub occupant: Occupant,
    /// The pane is in a mode.
    pub in_mode: bool,
    /// What stands in it.
    pub screen: Screen,
    /// What was typed and not read yet; `None` if the terminal could not be looked at.
    pub input: Option<TerminalInput>,
    /// The agent itself says that it has the message.
    pub is_reported: bool,
}

impl Sight {
    /// Of a pane, whose process is to be `meant`.
    #[must_use]
    pub fn of(seen: Option<&CapturedPane>, meant: Pid) -> Self {
        let occupant = match seen {
            None => Occupant::Nobody,
            Some(seen) if seen.pid != meant => Occupant::Another,
            Some(seen) if seen.dead => Occupant::Dead,
            Some(_) => Occupant::Meant,
        };
        Self {
            occupant,
            in_mode: seen.is_some_and(|seen| seen.in_mode),
            screen: seen.map_or_else(Screen::blank, Screen::of),
            // A dead pane's terminal may be another pane's by now.
            input: seen
                .filter(|_| occupant == Occupant::Meant)
                .and_then(|seen| TerminalInput::read(&seen.terminal).ok()),
            is_reported: false,
        }
    }
}
