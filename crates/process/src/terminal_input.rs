//! The input of a terminal as its program sees it.

use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::ioctl_fionread;
use rustix::termios::{LocalModes, tcgetattr};

/// The state of a terminal's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalInput {
    /// The number of bytes that were typed and that the program has not read. In canonical mode only
    /// complete lines count.
    pub unread: u64,
    /// The terminal is in canonical mode (`ICANON`): the kernel passes on whole lines, and lets the user
    /// edit a line until then. That is the mode of a program that has not set up its terminal.
    pub canonical: bool,
    /// The terminal echoes what is typed (`ECHO`).
    pub echo: bool,
}

impl TerminalInput {
    /// Reads the state of a terminal, such as `/dev/pts/4`, without making it the controlling terminal.
    ///
    /// # Errors
    /// The terminal cannot be opened, or is not a terminal.
    pub fn read(terminal: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = open(terminal, flags, Mode::empty())?;
        let modes = tcgetattr(&file)?.local_modes;
        let (canonical, echo) = (modes.contains(LocalModes::ICANON), modes.contains(LocalModes::ECHO));
        Ok(Self { unread: ioctl_fionread(&file)?, canonical, echo })
    }
}

#[cfg(test)]
mod tests {
    use super::TerminalInput;
    use rustix::fs::{Mode, OFlags, open};
    use rustix::io::{read, write};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

    #[test]
    fn unread_input_is_counted() {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
        let program = open(name.as_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let state = || TerminalInput::read(name.as_ref()).unwrap();

        assert!(state().canonical && state().echo);
        write(&controller, b"draft").unwrap();
        assert_eq!(state().unread, 0, "an incomplete line does not count");
        write(&controller, b"\n").unwrap();
        let typed = b"draft\n".len() as u64;
        while state().unread < typed {}
        read(&program, &mut [0; 64]).unwrap();
        assert_eq!(state().unread, 0);

        let mut settings = tcgetattr(&program).unwrap();
        settings.make_raw();
        tcsetattr(&program, OptionalActions::Now, &settings).unwrap();
        write(&controller, b"abc").unwrap();
        while state().unread < 3 {}
        assert!(!state().canonical && !state().echo);
    }

    #[test]
    fn a_file_that_is_not_a_terminal_is_an_error() {
        assert!(TerminalInput::read("/dev/null".as_ref()).is_err());
        assert!(TerminalInput::read("/nonexistent".as_ref()).is_err());
    }
}
