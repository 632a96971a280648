//! How many skills are wanted.

use std::ffi::OsStr;

use super::super::RuntimeError;

/// The meaning of `MOSAIC_PI_SKILL_MODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SkillMode {
    /// Those that are forced, and no others.
    Forced,
    /// All that are there.
    All,
    /// Those that pi finds by itself, and those that are forced.
    Discover,
}

impl SkillMode {
    pub(super) const VARIABLE: &str = "MOSAIC_PI_SKILL_MODE";

    /// # Errors
    /// There is no such mode.
    pub(super) fn of(value: Option<&OsStr>) -> Result<Self, RuntimeError> {
        match value.map(OsStr::as_encoded_bytes) {
            None | Some(b"") => Ok(Self::Forced),
            Some(b"all") => Ok(Self::All),
            Some(b"discover") => Ok(Self::Discover),
            Some(other) => Err(RuntimeError::SkillMode { value: String::from_utf8_lossy(other).into_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SkillMode;
    use std::ffi::OsStr;

    #[test]
    fn a_mode_that_does_not_exist_is_told_with_those_that_do() {
        for (value, mode) in [
            (None, SkillMode::Forced),
            (Some(""), SkillMode::Forced),
            (Some("all"), SkillMode::All),
            (Some("discover"), SkillMode::Discover),
        ] {
            assert_eq!(SkillMode::of(value.map(OsStr::new)).unwrap(), mode, "{value:?}");
        }
        for value in ["ALL", "none", "all ", "a\u{1b}l"] {
            let error = SkillMode::of(Some(OsStr::new(value))).unwrap_err();
            assert_eq!(error.exit_code(), mosaic_domain::ExitCode::Usage);
            let said = error.to_string();
            let value = value.escape_debug().to_string();
            assert!(
                ["MOSAIC_PI_SKILL_MODE", &value, "all", "discover"].iter().all(|word| said.contains(word)),
                "{said}"
            );
        }
    }
}
