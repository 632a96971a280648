//! What a profile says of older versions of its program: the keys that differ.

use serde_json::{Map, Value};

use crate::profile::Profile;
use crate::program_version::ProgramVersion;

/// The keys of a profile that differ for older versions of the program.
#[derive(Clone, Debug, serde::Deserialize, schemars::JsonSchema)]
pub struct OlderVersions {
    /// The versions older than this one.
    pub below: ProgramVersion,
    /// Keys of the profile with their values for these versions. A key replaces the whole value that it has for newer
    /// versions, and `null` removes it; of `launch`, each of its keys does.
    #[serde(flatten)]
    changes: Map<String, Value>,
    /// The whole profile for these versions.
    #[serde(skip)]
    profile: Option<Box<Profile>>,
}

/// The keys that are the same for all versions.
const SAME_FOR_ALL: [&str; 4] = ["version", "tested_with", "older", "packages"];

impl Profile {
    /// Returns the profile for a version of the program. For a version that is not known, or is newer than any that is
    /// known, that is the profile of the newest.
    #[must_use]
    pub fn for_version(&self, version: Option<&ProgramVersion>) -> &Self {
        let is_older = |entry: &&OlderVersions| version.is_some_and(|version| *version < entry.below);
        self.older.iter().rfind(is_older).map_or(self, |entry| self.for_older(entry))
    }

    /// Returns the profile for the versions of an entry of `older`.
    pub(crate) fn for_older<'a>(&'a self, entry: &'a OlderVersions) -> &'a Self {
        entry.profile.as_deref().unwrap_or(self)
    }

    /// Makes the whole profile for each entry of `older`, from the text of this one.
    ///
    /// # Errors
    /// An entry has a key that no profile has, or a wrong value; the text says which.
    pub(crate) fn resolve_older(&mut self, text: &str) -> Result<(), String> {
        if self.older.is_empty() {
            return Ok(());
        }
        let mut keys: Map<String, Value> = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        keys.remove("older");
        let mut newer: Option<ProgramVersion> = None;
        for entry in &mut self.older {
            let below = &entry.below;
            let invalid = |why: String| format!("older, below {below}: {why}");
            if let Some(newer) = newer.filter(|newer| newer <= below) {
                return Err(invalid(format!("this entry has to stand before the one below {newer}")));
            }
            if let Some(key) = SAME_FOR_ALL.iter().find(|key| entry.changes.contains_key(**key)) {
                return Err(invalid(format!("'{key}' is the same for all versions")));
            }
            // Each entry says what differs from the one before it.
            for (key, change) in &entry.changes {
                match (keys.get_mut(key), change) {
                    // How a program is launched is many things, of which a version changes one or two.
                    (Some(Value::Object(launch)), Value::Object(change)) if key == "launch" => {
                        launch.extend(change.clone());
                    }
                    _ => drop(keys.insert(key.clone(), change.clone())),
                }
            }
            let profile = serde_json::from_value(Value::Object(keys.clone()));
            entry.profile = Some(Box::new(profile.map_err(|error| invalid(error.to_string()))?));
            newer = Some(entry.below.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Profile;
    use std::path::Path;

    const COMPOSER: &str = "version: 1\ncomposer: {kind: line, prompt: x}\n";

    fn parse(further: &str) -> Result<Profile, String> {
        Profile::parse(&format!("{COMPOSER}{further}"), Path::new("x.yaml")).map_err(|error| error.to_string())
    }

    #[test]
    fn an_older_program_has_the_keys_that_differ() {
        let profile = parse(
            "changes: new\ncommands: '/'\nreset: {clear: /clear, new: /new}\nolder:\n  \
             - {below: '2.1.300', changes: middle, reset: null}\n  - {below: '2.0', commands: '!'}\n",
        );
        let profile = profile.unwrap();
        for (version, changes, commands, has_reset) in [
            (None, "new", "/", true),
            (Some("3.0.0"), "new", "/", true),
            (Some("2.1.300"), "new", "/", true),
            (Some("2.1.300-rc.1"), "middle", "/", false),
            (Some("2.1.197"), "middle", "/", false),
            (Some("2.0"), "middle", "/", false),
            (Some("1.99"), "middle", "!", false),
        ] {
            let of_version = profile.for_version(version.map(|text| text.parse().unwrap()).as_ref());
            let found = (of_version.changes.as_str(), of_version.commands.as_str(), of_version.reset.is_some());
            assert_eq!(found, (changes, commands, has_reset), "{version:?}");
        }
    }

    #[test]
    fn an_older_program_is_launched_with_the_keys_that_differ() {
        let older = "[{below: '1.0', launch: {unattended: {}}}]";
        let launch = "{program: crab, prompt: last-argument, unattended: {arguments: [--yes]}}";
        let profile = parse(&format!("launch: {launch}\nolder: {older}\n")).unwrap();
        let runtime = crate::Runtime::of_profile("crab".parse().unwrap(), &profile).unwrap();
        for (version, arguments) in [(None, 1), (Some("1.0"), 1), (Some("0.9"), 0)] {
            let launch = runtime.launch_for(version.map(|text| text.parse().unwrap()).as_ref());
            assert_eq!((launch.unattended.arguments.len(), launch.prompt.is_some()), (arguments, true), "{version:?}");
        }
    }

    #[test]
    fn an_invalid_entry_is_named() {
        for (older, expected) in [
            ("[{below: '1', busi: x}]", "older, below 1: unknown field `busi`"),
            ("[{below: '1', busy: '('}]", "older, below 1: "),
            ("[{below: '1'}, {below: '1.0'}]", "older, below 1.0: this entry has to stand before the one below 1"),
            ("[{below: '1', tested_with: []}]", "older, below 1: 'tested_with' is the same for all versions"),
            ("[{below: new}]", "'new' is not a version"),
            ("[{busy: x}]", "below"),
        ] {
            let error = parse(&format!("older: {older}\n")).unwrap_err();
            assert!(error.contains(expected) && error.contains("x.yaml"), "{older}: {error}");
        }
    }
}
