//! The identity of a process. A PID alone is none, because the kernel reuses PIDs.

use std::fmt;
use std::str::FromStr;

/// A process ID. The kernel's are positive and below 2²².
pub type Pid = std::num::NonZeroU32;

/// A process, distinguished from every other process that had or will have its PID on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProcessIdentity {
    /// The process ID.
    pub pid: Pid,
    /// The start time, in clock ticks since boot: field 22 of `/proc/PID/stat`.
    pub start_ticks: u64,
    /// The boot within which `start_ticks` counts.
    pub boot: BootId,
}

/// The kernel's boot ID (`/proc/sys/kernel/random/boot_id`), a UUID that is new at every boot.
///
/// Process start times and readings of `CLOCK_MONOTONIC` are only comparable within one boot.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BootId([u8; 36]);

impl BootId {
    /// The ID as text of 36 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The parser accepts only ASCII, so the fallback is never used.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The error of parsing a text that is not a valid [`BootId`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{}' is not a boot id: expected a UUID of 36 characters", .given.escape_debug())]
pub struct InvalidBootId {
    given: String,
}

impl FromStr for BootId {
    type Err = InvalidBootId;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidBootId { given: given.to_owned() };
        let bytes: [u8; 36] = given.as_bytes().try_into().map_err(|_| invalid())?;
        let well_formed = bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        if well_formed { Ok(Self(bytes)) } else { Err(invalid()) }
    }
}

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BootId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::BootId;

    #[test]
    fn a_boot_id_is_a_uuid() {
        let text = "0700cf0c-8b1c-49c8-862a-3c44fb7bacfe";
        assert_eq!(text.parse::<BootId>().unwrap().to_string(), text);
        for text in ["", "0700cf0c", "0700cf0c-8b1c-49c8-862a-3c44fb7bacfg", "0700cf0c+8b1c-49c8-862a-3c44fb7bacfe"] {
            assert!(text.parse::<BootId>().is_err(), "{text}");
        }
    }
}
