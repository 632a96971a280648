//! The input of a terminal, seen from its program's side: what was typed and not read yet.

use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::ioctl_fionread;
use rustix::termios::{LocalModes, tcgetattr};

/// How a terminal's program takes its input, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalInput {
    /// Bytes that were typed and that the program has not read; of a program that reads lines, only
    /// those of whole lines.
    pub unread: u64,
    /// The kernel gives it line after line, and lets the line be edited until then: a program that has
    /// not set its terminal up for anything else.
    pub by_lines: bool,
    /// What is typed is shown.
    pub echo: bool,
}

impl TerminalInput {
    /// Looks at a terminal, `/dev/pts/4` say. It does not become this process's own.
    ///
    /// # Errors
    /// It cannot be opened, or is no terminal.
    pub fn look(terminal: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = open(terminal, flags, Mode::empty())?;
        let modes = tcgetattr(&file)?.local_modes;
        let (by_lines, echo) = (modes.contains(LocalModes::ICANON), modes.contains(LocalModes::ECHO));
        Ok(Self { unread: ioctl_fionread(&file)?, by_lines, echo })
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
    fn what_was_typed_and_not_read_is_seen() {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap().into_string().unwrap();
        let program = open(name.as_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let look = || TerminalInput::look(name.as_ref()).unwrap();

        assert!(look().by_lines && look().echo);
        write(&controller, b"draft").unwrap();
        assert_eq!(look().unread, 0, "a line that is not whole belongs to nobody yet");
        write(&controller, b"\n").unwrap();
        let typed = b"draft\n".len() as u64;
        while look().unread < typed {}
        read(&program, &mut [0; 64]).unwrap();
        assert_eq!(look().unread, 0);

        let mut settings = tcgetattr(&program).unwrap();
        settings.make_raw();
        tcsetattr(&program, OptionalActions::Now, &settings).unwrap();
        write(&controller, b"abc").unwrap();
        while look().unread < 3 {}
        assert!(!look().by_lines && !look().echo);
    }

    #[test]
    fn a_file_is_no_terminal() {
        assert!(TerminalInput::look("/dev/null".as_ref()).is_err());
        assert!(TerminalInput::look("/nonexistent".as_ref()).is_err());
    }
}
