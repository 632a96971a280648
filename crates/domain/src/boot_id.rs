//! Which boot of the host something belongs to.

use std::fmt;
use std::str::FromStr;

/// The kernel's boot id (`/proc/sys/kernel/random/boot_id`), a UUID that is new at every boot.
///
/// Process start times and `CLOCK_MONOTONIC` only compare within one boot.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BootId([u8; 36]);

impl BootId {
    /// The id as text: 36 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII was let in, so this cannot be the empty fallback.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A text that is not a boot id.
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
