//! A fixture in which systemd starts the agents.

use crate::fixture::{COMMAND, Fixture};
use mosaic_harness::{Availability, Deadline, Fleet, UserManager};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The interval between two queries to the user manager.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// A fleet with the product installed and its own user manager.
#[derive(Debug)]
pub(crate) struct UnitFixture {
    // Dropped before the fleet, so that systemd restarts none of the processes that the fleet kills.
    manager: UserManager,
    fixture: Fixture,
}

impl UnitFixture {
    /// Installs the product in a new fleet.
    ///
    /// # Errors
    /// The reason why this machine allows no user manager.
    pub(crate) fn new() -> Result<Self, String> {
        if let Availability::Unavailable(reason) = UserManager::availability() {
            return Err(format!("no user manager is possible: {reason}"));
        }
        // The holder's default name of the socket; the directory is private to the fleet.
        let fixture = Fixture::in_memory(Fleet::builder().tmux_socket("mosaic-factory"))?;
        let manager = UserManager::start(fixture.fleet());
        manager.install_units();
        Ok(Self { manager, fixture })
    }

    pub(crate) fn manager(&self) -> &UserManager {
        &self.manager
    }

    pub(crate) fn fixture(&self) -> &Fixture {
        &self.fixture
    }

    pub(crate) fn unit(agent: &str) -> String {
        format!("mosaic-agent@{agent}.service")
    }

    /// Starts the units of these agents.
    pub(crate) fn start(&self, agents: &[String], interval: &str) -> Result<(), String> {
        for agent in agents {
            let settings = format!("MOSAIC_AGENT_COMMAND={COMMAND}\nMOSAIC_HEARTBEAT_INTERVAL={interval}\n");
            self.fixture.fleet().write_env_file(agent, &settings);
        }
        let units: Vec<String> = agents.iter().map(|agent| Self::unit(agent)).collect();
        let mut arguments = vec!["start"];
        arguments.extend(units.iter().map(String::as_str));
        let started = self.manager.systemctl(&arguments);
        if started.status.success() { Ok(()) } else { Err(format!("systemctl start: {started:?}")) }
    }

    /// Connects to the user manager. Its socket is in the fleet's directory, so this needs no namespace.
    pub(crate) fn socket(&self) -> Result<ManagerSocket, String> {
        ManagerSocket::connect(self.fixture.fleet().runtime_directory())
    }

    /// Waits until an agent runs as another process than `before`, and returns the PID.
    pub(crate) fn wait_for_new_process(
        &self,
        socket: &mut ManagerSocket,
        agent: &str,
        before: Option<&String>,
    ) -> Result<String, String> {
        let another = |beat: &BTreeMap<String, String>| beat["status"] == "ok" && before != Some(&beat["pid"]);
        let mut beat = self.fixture.fleet().wait_heartbeat(agent, another);
        let deadline = Deadline::default();
        // The first heartbeat appears shortly before the unit is active.
        while socket.active_state(&Self::unit(agent))? != "active" {
            std::thread::sleep(POLL_INTERVAL);
            if deadline.passed() {
                return Err(format!("{agent}'s unit does not become active"));
            }
        }
        beat.remove("pid").ok_or_else(|| format!("{agent}'s heartbeat has no pid"))
    }
}

const METHOD_CALL: u8 = 1;
const METHOD_RETURN: u8 = 2;
const ERROR: u8 = 3;
/// The size of the fixed part of a header: four bytes, the body's length, the serial number and the length of the
/// header fields.
const FIXED: usize = 16;

/// A D-Bus connection to a user manager's private socket, for queries of one property.
///
/// Starting `systemctl` takes longer than the measured events. The private socket needs no bus, and the one method call
/// that is used here is simple enough to encode by hand.
#[derive(Debug)]
pub(crate) struct ManagerSocket {
    stream: BufReader<UnixStream>,
}

impl ManagerSocket {
    /// Connects to the user manager with this runtime directory.
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
                return Err(std::io::Error::other(format!("authentication failed: {}", answer.trim())));
            }
            stream.get_mut().write_all(b"BEGIN\r\n")?;
            Ok(Self { stream })
        };
        open().map_err(|error| format!("the user manager's socket: {error}"))
    }

    /// Queries the `ActiveState` of a unit: `active`, `deactivating`, `failed`, …
    pub(crate) fn active_state(&mut self, unit: &str) -> Result<String, String> {
        let mut ask = || -> std::io::Result<(u8, Vec<u8>)> {
            self.stream.get_mut().write_all(&get_active_state(unit))?;
            loop {
                let (kind, body) = self.message()?;
                // Signals are skipped.
                if kind == METHOD_RETURN || kind == ERROR {
                    return Ok((kind, body));
                }
            }
        };
        let (kind, body) = ask().map_err(|error| format!("the user manager's socket: {error}"))?;
        // A variant: the signature in three bytes, one byte of padding, the length, the text, a zero.
        let text = body.get(8..body.len().saturating_sub(1)).map(String::from_utf8_lossy);
        match text {
            Some(text) if kind == METHOD_RETURN => Ok(text.into_owned()),
            _ => Err(format!("the user manager returns an error for {unit}: {}", String::from_utf8_lossy(&body))),
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

/// Encodes a call of `Properties.Get` for a unit's `ActiveState`.
fn get_active_state(unit: &str) -> Vec<u8> {
    let mut fields = Vec::new();
    let path = format!("/org/freedesktop/systemd1/unit/{}", object_path_escape(unit));
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

/// Escapes a unit name for an object path: other characters than letters and digits become `_` and a hex code.
fn object_path_escape(unit: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("_{byte:02x}"),
    };
    unit.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::{get_active_state, object_path_escape};

    #[test]
    fn the_method_call_is_well_formed() {
        assert_eq!(object_path_escape("mosaic-agent@a.service"), "mosaic_2dagent_40a_2eservice");
        let message = get_active_state("a.service");
        let number = |at: usize| u32::from_le_bytes(message[at..at + 4].try_into().unwrap()) as usize;
        let (body, fields) = (number(4), number(12));
        assert_eq!(message.len(), 16 + fields.next_multiple_of(8) + body);
        assert!(message.ends_with(b"\x0b\0\0\0ActiveState\0"));
    }
}
