//! Where a user's fleet lives.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::AgentName;

/// The directory of roster, agent env files, tools and heartbeats: `MOSAIC_HOME`, or
/// `~/.config/mosaic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MosaicHome(PathBuf);

/// Neither `MOSAIC_HOME` nor `HOME` says where the fleet lives.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither MOSAIC_HOME nor HOME is set: set one of them to an absolute path")]
pub struct NoHome;

impl MosaicHome {
    /// Chooses by the environment that `variable` looks up; an empty value counts as unset.
    ///
    /// # Errors
    /// Both variables are unset.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, NoHome> {
        let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        set("MOSAIC_HOME").or_else(|| Some(set("HOME")?.join(".config/mosaic"))).map(Self).ok_or(NoHome)
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the messages to agents are kept: a directory each.
    #[must_use]
    pub fn outbox(&self) -> PathBuf {
        self.0.join("fleet/outbox")
    }

    /// The file that is there as long as messages wait for the agent: who only wants to know that needs to
    /// read none of them.
    #[must_use]
    pub fn waiting_mark(&self, agent: &AgentName) -> PathBuf {
        self.outbox().join(agent.as_str()).join(".waiting")
    }

    /// The same, with a relative path counted from `here`.
    #[must_use]
    pub fn absolute(self, here: &Path) -> Self {
        Self(here.join(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{MosaicHome, NoHome};
    use std::path::Path;

    #[test]
    fn mosaic_home_wins_and_an_empty_value_is_none() {
        type Case<'a> = (&'a [(&'a str, &'a str)], Result<&'a str, NoHome>);
        let table: [Case<'_>; 4] = [
            (&[("HOME", "/h")], Ok("/h/.config/mosaic")),
            (&[("HOME", "/h"), ("MOSAIC_HOME", "/m")], Ok("/m")),
            (&[("HOME", "/h"), ("MOSAIC_HOME", "")], Ok("/h/.config/mosaic")),
            (&[("HOME", "")], Err(NoHome)),
        ];
        for (variables, expected) in table {
            let lookup = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
            assert_eq!(
                MosaicHome::from_environment(lookup).as_ref().map(MosaicHome::path),
                expected.as_ref().map(Path::new)
            );
        }
    }
}
