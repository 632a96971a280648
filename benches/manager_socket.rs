//! One question to a user manager, asked again and again on one connection.
//!
//! `systemctl` takes longer to start than what is measured takes to happen. The manager's own
//! socket speaks D-Bus without a broker, and of D-Bus one call with two strings is all it takes.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

const METHOD_CALL: u8 = 1;
const METHOD_RETURN: u8 = 2;
const ERROR: u8 = 3;
/// What comes before the fields of a header: four bytes, the body's length, the serial number and
/// the fields' length.
const FIXED: usize = 16;

/// A connection to a user manager.
#[derive(Debug)]
pub(crate) struct ManagerSocket {
    stream: BufReader<UnixStream>,
}

impl ManagerSocket {
    /// To the manager of the session in whose runtime directory it listens.
    pub(crate) fn connect(runtime: &Path) -> Result<Self, String> {
        let open = || -> std::io::Result<Self> {
            let mut stream = UnixStream::connect(runtime.join("systemd/private"))?;
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            write!(stream, "\0AUTH EXTERNAL ")?;
            for digit in rustix::process::geteuid().to_string().bytes() {
                write!(stream, "{digit:02x}")?;
            }
            write!(stream, "\r\n")?;
            let mut stream = BufReader::new(stream);
            let mut answer = String::new();
            stream.read_line(&mut answer)?;
            if !answer.starts_with("OK") {
                return Err(std::io::Error::other(format!("it refuses us: {}", answer.trim())));
            }
            stream.get_mut().write_all(b"BEGIN\r\n")?;
            Ok(Self { stream })
        };
        open().map_err(|error| format!("the user manager's socket: {error}"))
    }

    /// `active`, `deactivating`, `failed`, …
    pub(crate) fn active_state(&mut self, unit: &str) -> Result<String, String> {
        let mut ask = || -> std::io::Result<(u8, Vec<u8>)> {
            self.stream.get_mut().write_all(&question(unit))?;
            loop {
                let (kind, body) = self.message()?;
                // It tells of everything that happens, too.
                if kind == METHOD_RETURN || kind == ERROR {
                    return Ok((kind, body));
                }
            }
        };
        let (kind, body) = ask().map_err(|error| format!("the user manager's socket: {error}"))?;
        // A variant: its signature in three bytes, one to fill up, the length, the text, a zero.
        let text = body.get(8..body.len().saturating_sub(1)).map(String::from_utf8_lossy);
        match text {
            Some(text) if kind == METHOD_RETURN => Ok(text.into_owned()),
            _ => Err(format!("the user manager says of {unit}: {}", String::from_utf8_lossy(&body))),
        }
    }

    fn message(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let mut fixed = [0; FIXED];
        self.stream.read_exact(&mut fixed)?;
        let number = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]) as usize;
        let (body, fields) = (number(4), number(12));
        let mut rest = vec![0; fields.next_multiple_of(8) + body];
        self.stream.read_exact(&mut rest)?;
        Ok((fixed[1], rest.split_off(fields.next_multiple_of(8))))
    }
}

/// `Get` of a unit's `ActiveState`.
fn question(unit: &str) -> Vec<u8> {
    let mut fields = Vec::new();
    let path = format!("/org/freedesktop/systemd1/unit/{}", escaped(unit));
    let interface = "org.freedesktop.DBus.Properties";
    for (code, signature, value) in [(1, b'o', path.as_str()), (2, b's', interface), (3, b's', "Get")] {
        fields.resize(fields.len().next_multiple_of(8), 0);
        fields.extend([code, 1, signature, 0]);
        push(&mut fields, value);
    }
    fields.resize(fields.len().next_multiple_of(8), 0);
    fields.extend(*b"\x08\x01g\0\x02ss\0");
    let mut body = Vec::new();
    push(&mut body, "org.freedesktop.systemd1.Unit");
    body.resize(body.len().next_multiple_of(4), 0);
    push(&mut body, "ActiveState");

    let length = |bytes: &Vec<u8>| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut message = vec![b'l', METHOD_CALL, 0, 1];
    message.extend(length(&body));
    message.extend(1_u32.to_le_bytes());
    message.extend(length(&fields));
    message.extend(fields);
    message.resize(message.len().next_multiple_of(8), 0);
    message.extend(body);
    message
}

fn push(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.push(0);
}

/// As in an object's path: whatever is no letter and no digit becomes its number.
fn escaped(unit: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("_{byte:02x}"),
    };
    unit.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::{escaped, question};

    #[test]
    fn a_question_is_well_formed() {
        assert_eq!(escaped("mosaic-agent@a.service"), "mosaic_2dagent_40a_2eservice");
        let message = question("a.service");
        let number = |at: usize| u32::from_le_bytes(message[at..at + 4].try_into().unwrap()) as usize;
        let (body, fields) = (number(4), number(12));
        assert_eq!(message.len(), 16 + fields.next_multiple_of(8) + body);
        assert!(message.ends_with(b"\x0b\0\0\0ActiveState\0"));
    }
}
