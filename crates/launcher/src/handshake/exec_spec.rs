//! What the pane process is to execute, and its encoding on the handshake socket.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Everything that the pane process needs in order to execute the agent's command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecSpec {
    /// The working directory.
    pub directory: PathBuf,
    /// The shell that interprets the command.
    pub shell: PathBuf,
    /// The agent's command, a line for the shell.
    pub command: OsString,
    /// The `cgroup.procs` files of the unit's control group. Empty if the process is to stay where it is.
    pub cgroup_files: Vec<PathBuf>,
    /// The whole environment, except for the variables that tmux sets for the pane.
    pub environment: Vec<(OsString, OsString)>,
}

/// The error of receiving bytes that are not a spec.
#[derive(Debug, thiserror::Error)]
#[error("invalid spec from the launcher: {0}")]
pub struct MalformedSpec(&'static str);

/// Far more than an environment may have (`ARG_MAX` is 2 MiB).
const MAX_BYTES: u32 = 8 << 20;

impl ExecSpec {
    /// Sends the spec: its length in four bytes (little-endian), then fields that end with a zero byte, which no path
    /// and no variable can contain. The first byte of a field is its kind.
    ///
    /// # Errors
    /// The connection is closed.
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
        for file in &self.cgroup_files {
            field(b'G', file.as_os_str().as_bytes());
        }
        for (name, value) in &self.environment {
            field(b'E', &[name.as_bytes(), b"=", value.as_bytes()].concat());
        }
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        to.write_all(&[&length.to_le_bytes(), body.as_slice()].concat())
    }

    /// Receives a spec.
    ///
    /// # Errors
    /// The connection is closed, or the bytes are not a spec.
    pub fn receive(mut from: impl Read) -> io::Result<Self> {
        let malformed = |what| io::Error::new(io::ErrorKind::InvalidData, MalformedSpec(what));
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length);
        if length > MAX_BYTES {
            return Err(malformed("it is too long"));
        }
        let mut body = Vec::new();
        from.take(length.into()).read_to_end(&mut body)?;
        if body.len() as u64 != u64::from(length) || body.last().is_some_and(|last| *last != 0) {
            return Err(malformed("it is cut short"));
        }
        let mut spec = Self::default();
        for field in body.split_inclusive(|byte| *byte == 0) {
            let [kind, content @ .., _] = field else { return Err(malformed("a field has no kind")) };
            let path = || PathBuf::from(OsString::from_vec(content.to_vec()));
            match kind {
                b'D' => spec.directory = path(),
                b'S' => spec.shell = path(),
                b'C' => spec.command = OsString::from_vec(content.to_vec()),
                b'G' => spec.cgroup_files.push(path()),
                b'E' => {
                    spec.environment.push(split_variable(content).ok_or_else(|| malformed("a variable has no '='"))?);
                }
                _ => return Err(malformed("a field has an unknown kind")),
            }
        }
        if spec.shell == Path::new("") {
            return Err(malformed("it has no shell"));
        }
        Ok(spec)
    }
}

fn split_variable(variable: &[u8]) -> Option<(OsString, OsString)> {
    // A name that begins with "=" would be possible, but the launcher sends none.
    let at = variable.iter().position(|byte| *byte == b'=')?;
    Some((OsString::from_vec(variable[..at].to_vec()), OsString::from_vec(variable[at + 1..].to_vec())))
}

#[cfg(test)]
mod tests {
    use super::ExecSpec;
    use proptest::prelude::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    fn bytes() -> impl Strategy<Value = OsString> {
        prop::collection::vec(1_u8..=255, 0..40).prop_map(OsString::from_vec)
    }

    proptest! {
        #[test]
        fn a_spec_round_trips(
            directory in bytes(), shell in bytes(), command in bytes(),
            cgroup_files in prop::collection::vec(bytes(), 0..3),
            environment in prop::collection::vec(("[A-Z_]{1,9}", bytes()), 0..9),
        ) {
            let spec = ExecSpec {
                directory: directory.into(),
                shell: [OsString::from("/"), shell].into_iter().collect::<OsString>().into(),
                command,
                cgroup_files: cgroup_files.into_iter().map(Into::into).collect(),
                environment: environment.into_iter().map(|(name, value)| (name.into(), value)).collect(),
            };
            let mut wire = Vec::new();
            spec.send(&mut wire).unwrap();
            prop_assert_eq!(ExecSpec::receive(wire.as_slice()).unwrap(), spec);
            for end in 0..wire.len() {
                prop_assert!(ExecSpec::receive(&wire[..end]).is_err());
            }
        }

        #[test]
        fn no_bytes_crash_the_receiver(wire in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = ExecSpec::receive(wire.as_slice());
        }
    }
}
