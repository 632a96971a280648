//! What a pane process is told to become.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Everything a pane process needs to become the agent's command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Where to start.
    pub directory: PathBuf,
    /// The shell that reads the command.
    pub shell: PathBuf,
    /// The agent's command, a line for that shell.
    pub command: OsString,
    /// The files that let the process into the unit's control group.
    pub entrances: Vec<PathBuf>,
    /// The whole environment, but for what tmux itself says of the pane.
    pub environment: Vec<(OsString, OsString)>,
}

/// The other side sent something that is not orders.
#[derive(Debug, thiserror::Error)]
#[error("the launcher's orders cannot be understood: {0}")]
pub struct MalformedOrders(&'static str);

/// Far more than an environment may have (`ARG_MAX` is 2 MiB).
const LONGEST: u32 = 8 << 20;

impl Orders {
    /// Sends them: a length of four bytes (little-endian), then fields that end with a zero byte,
    /// which no path and no variable can hold. The first byte of a field says what it is.
    ///
    /// # Errors
    /// The other side is gone.
    pub fn send(&self, mut to: impl Write) -> io::Result<()> {
        let mut body = Vec::new();
        let mut field = |kind: u8, content: &[u8]| {
            body.push(kind);
            body.extend_from_slice(content);
            body.push(0);
        };
        field(b'D', self.directory.as_os_str().as_bytes());
        field(b'S', self.shell.as_os_str().as_bytes());
        field(b'C', self.command.as_bytes());
        for entrance in &self.entrances {
            field(b'G', entrance.as_os_str().as_bytes());
        }
        for (name, value) in &self.environment {
            field(b'E', &[name.as_bytes(), b"=", value.as_bytes()].concat());
        }
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        to.write_all(&[&length.to_le_bytes(), body.as_slice()].concat())
    }

    /// Receives them.
    ///
    /// # Errors
    /// The other side is gone, or does not speak this protocol.
    pub fn receive(mut from: impl Read) -> io::Result<Self> {
        let malformed = |what| io::Error::new(io::ErrorKind::InvalidData, MalformedOrders(what));
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length > LONGEST {
            return Err(malformed("they are too long"));
        }
        let mut body = Vec::new();
        from.take(length.into()).read_to_end(&mut body)?;
        if body.len() as u64 != u64::from(length) || body.last().is_some_and(|last| *last != 0) {
            return Err(malformed("they are cut short"));
        }
        let mut orders = Self::default();
        for field in body.split_inclusive(|byte| *byte == 0) {
            let [kind, content @ .., _] = field else { return Err(malformed("a field has no kind")) };
            let path = || PathBuf::from(OsString::from_vec(content.to_vec()));
            match kind {
                b'D' => orders.directory = path(),
                b'S' => orders.shell = path(),
                b'C' => orders.command = OsString::from_vec(content.to_vec()),
                b'G' => orders.entrances.push(path()),
                b'E' => orders.environment.push(split(content).ok_or_else(|| malformed("a variable has no ="))?),
                _ => return Err(malformed("a field is of an unknown kind")),
            }
        }
        if orders.shell == Path::new("") {
            return Err(malformed("they name no shell"));
        }
        Ok(orders)
    }
}

fn split(variable: &[u8]) -> Option<(OsString, OsString)> {
    // A name may begin with "=", says getenv(3) by not forbidding it; none we send does.
    let at = variable.iter().position(|byte| *byte == b'=')?;
    Some((OsString::from_vec(variable[..at].to_vec()), OsString::from_vec(variable[at + 1..].to_vec())))
}

#[cfg(test)]
mod tests {
    use super::Orders;
    use proptest::prelude::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    fn bytes() -> impl Strategy<Value = OsString> {
        prop::collection::vec(1_u8..=255, 0..40).prop_map(OsString::from_vec)
    }

    proptest! {
        #[test]
        fn what_is_sent_arrives_byte_for_byte(
            directory in bytes(), shell in bytes(), command in bytes(),
            entrances in prop::collection::vec(bytes(), 0..3),
            environment in prop::collection::vec(("[A-Z_]{1,9}", bytes()), 0..9),
        ) {
            let orders = Orders {
                directory: directory.into(),
                shell: [OsString::from("/"), shell].into_iter().collect::<OsString>().into(),
                command,
                entrances: entrances.into_iter().map(Into::into).collect(),
                environment: environment.into_iter().map(|(name, value)| (name.into(), value)).collect(),
            };
            let mut wire = Vec::new();
            orders.send(&mut wire).unwrap();
            prop_assert_eq!(Orders::receive(wire.as_slice()).unwrap(), orders);
            for end in 0..wire.len() {
                prop_assert!(Orders::receive(&wire[..end]).is_err());
            }
        }

        #[test]
        fn no_bytes_make_the_receiver_crash(wire in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Orders::receive(wire.as_slice());
        }
    }
}
