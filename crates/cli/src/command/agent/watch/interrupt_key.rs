//! Ctrl-C while tmux has the terminal: tmux takes every key as it is typed, and does nothing with this
//! one for a client that only looks.

use std::io;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

/// Lets Ctrl-C be the signal again that it is elsewhere, if tmux has changed that; of the other keys
/// none becomes one.
pub(super) fn give_back() {
    let Ok(mut settings) = tcgetattr(io::stdin()) else { return };
    if settings.local_modes.contains(LocalModes::ISIG) {
        return;
    }
    settings.local_modes.insert(LocalModes::ISIG);
    for other in [SpecialCodeIndex::VQUIT, SpecialCodeIndex::VSUSP] {
        settings.special_codes[other] = 0;
    }
    // Without it there still is Ctrl-B d.
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &settings);
}
