//! How a gate is found.

use std::fmt;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::str::FromStr;

use rustix::rand::{GetRandomFlags, getrandom};

use super::GateError;

/// The gate's name in the abstract namespace: `mosaic-fleet-` and 16 hexadecimal digits. It is no
/// secret (everybody sees it in the process list); who comes is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateName(u64);

impl GateName {
    const PREFIX: &str = "mosaic-fleet-";

    /// A name that nobody has.
    ///
    /// # Errors
    /// The kernel has no random numbers.
    pub fn new() -> io::Result<Self> {
        let mut bytes = [0; 8];
        getrandom(&mut bytes, GetRandomFlags::empty())?;
        Ok(Self(u64::from_ne_bytes(bytes)))
    }

    /// The gate that a pane was started with, from tmux's `pane_start_command`.
    #[must_use]
    pub fn of_pane(start_command: &str) -> Option<Self> {
        let at = start_command.rfind(Self::PREFIX)?;
        start_command.get(at..at + Self::PREFIX.len() + 16)?.parse().ok()
    }

    pub(super) fn connect(self) -> io::Result<UnixStream> {
        UnixStream::connect_addr(&self.address()?)
    }

    pub(super) fn address(self) -> io::Result<SocketAddr> {
        SocketAddr::from_abstract_name(self.to_string())
    }
}

impl fmt::Display for GateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:016x}", Self::PREFIX, self.0)
    }
}

impl FromStr for GateName {
    type Err = GateError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let digits = given.strip_prefix(Self::PREFIX).filter(|digits| digits.len() == 16);
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.map(Self).ok_or_else(|| GateError::Name(given.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::GateName;

    #[test]
    fn a_gate_is_found_in_what_tmux_says_of_a_pane() {
        let name = GateName::new().unwrap();
        assert_eq!(name.to_string().parse::<GateName>().unwrap(), name);
        assert_eq!(GateName::of_pane(&format!("\"/opt/x y/agent-pane\" {name}")), Some(name));
        assert_eq!(GateName::of_pane(&format!("agent-pane \"{name}\"")), Some(name));
        for other in ["", "sh -c 'sleep 1'", "agent-pane mosaic-fleet-12", "mosaic-fleet-zzzzzzzzzzzzzzzz"] {
            assert_eq!(GateName::of_pane(other), None, "{other}");
        }
    }
}
