use crate::size::Size;
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::fs::File;

/// The terminal, which hands over every byte as it comes; what it was like before it is again when
/// this is dropped.
#[derive(Debug)]
pub(crate) struct RawTerminal(Termios);

impl RawTerminal {
    /// What was typed before is kept.
    pub(crate) fn enter() -> Self {
        let before = tcgetattr(stdin()).expect("standard input is a terminal");
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw).expect("change the terminal");
        Self(before)
    }

    /// What to draw on; not std's, which would cut what is written at its last line end.
    pub(crate) fn output() -> File {
        File::from(stdout().try_clone_to_owned().expect("a descriptor for the terminal"))
    }

    pub(crate) fn size() -> Size {
        let size = tcgetwinsize(stdout()).expect("a terminal has a size");
        Size { columns: usize::from(size.ws_col).max(1), rows: usize::from(size.ws_row).max(1) }
    }

    /// What came in; none when the terminal is gone.
    pub(crate) fn read() -> Option<Vec<u8>> {
        let mut bytes = vec![0; 65_536];
        let length = match rustix::io::read(stdin(), &mut bytes) {
            Ok(0) | Err(Errno::IO) => return None,
            Ok(length) => length,
            Err(Errno::INTR) => 0,
            Err(error) => panic!("read from the terminal: {error}"),
        };
        bytes.truncate(length);
        Some(bytes)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}
