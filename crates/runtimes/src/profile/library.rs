//! All profiles: those that are shipped, and those of the site.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mosaic_domain::{MosaicHome, RuntimeName};
use mosaic_process::ProcRoot;
use mosaic_tmux::ResolvedPane;

use super::{Profile, ProfileError};

/// The profiles that are shipped, by the names of their files.
const SHIPPED: [(&str, &str); 6] = [
    ("claude", include_str!("../../../../framework/fleet/runtimes/claude.yaml")),
    ("codex", include_str!("../../../../framework/fleet/runtimes/codex.yaml")),
    ("opencode", include_str!("../../../../framework/fleet/runtimes/opencode.yaml")),
    ("pi", include_str!("../../../../framework/fleet/runtimes/pi.yaml")),
    ("shell", include_str!("../../../../framework/fleet/runtimes/shell.yaml")),
    ("repl", include_str!("../../../../framework/fleet/runtimes/repl.yaml")),
];

/// The profile of a runtime that has none: anything that reads lines behind a prompt.
const ANY_OTHER: &str = "repl";

/// Where profiles are found.
#[derive(Clone, Debug)]
pub struct Library {
    of_the_site: PathBuf,
}

impl Library {
    /// That of a fleet.
    #[must_use]
    pub fn of(home: &MosaicHome) -> Self {
        Self { of_the_site: home.path().join("fleet/runtimes") }
    }

    /// The profile of a runtime: the site's, else the one that is shipped, else that of any program that
    /// reads lines behind a prompt.
    ///
    /// # Errors
    /// The site's cannot be used.
    pub fn profile(&self, runtime: &RuntimeName) -> Result<Profile, ProfileError> {
        match self.named(runtime.as_str())? {
            Some(profile) => Ok(profile),
            None => self.named(ANY_OTHER)?.ok_or_else(|| ProfileError::Invalid {
                path: PathBuf::from(format!("{ANY_OTHER}.yaml")),
                message: "it is not shipped".to_owned(),
            }),
        }
    }

    /// The profile for a pane of no roster, by the programs that run in it: the first that is known.
    ///
    /// # Errors
    /// One of the site's cannot be used.
    pub fn profile_of_pane(&self, pane: &ResolvedPane) -> Result<Profile, ProfileError> {
        for program in programs(pane) {
            for (name, _) in SHIPPED {
                let profile = self.named(name)?.filter(|profile| profile.programs.contains(&program));
                if let Some(profile) = profile {
                    return Ok(profile);
                }
            }
        }
        self.profile(&pane.command.parse().unwrap_or_default())
    }

    fn named(&self, name: &str) -> Result<Option<Profile>, ProfileError> {
        let path = self.of_the_site.join(format!("{name}.yaml"));
        match fs::read_to_string(&path) {
            Ok(text) => return Profile::parse(&text, &path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ProfileError::Unreadable { path, source }),
        }
        let shipped = SHIPPED.iter().find(|(shipped, _)| *shipped == name);
        shipped.map(|(name, text)| Profile::parse(text, Path::new(&format!("{name}.yaml")))).transpose()
    }
}

/// The programs that run in a pane: the one that tmux names, and those that it or a wrapper has started.
fn programs(pane: &ResolvedPane) -> Vec<String> {
    let proc = ProcRoot::default();
    let below = proc.descendants(pane.pid).into_iter().filter_map(|pid| proc.program(pid).ok().flatten());
    let below = below.filter_map(|program| program.into_string().ok());
    [pane.command.clone()].into_iter().chain(below).collect()
}

#[cfg(test)]
mod tests {
    use super::{Library, SHIPPED};
    use crate::profile::ComposerForm;
    use std::fs;

    fn library() -> (tempfile::TempDir, Library) {
        let home = tempfile::tempdir().unwrap();
        let library = Library { of_the_site: home.path().to_owned() };
        (home, library)
    }

    #[test]
    fn every_shipped_profile_is_one() {
        let (_home, library) = library();
        for (name, _) in SHIPPED {
            assert!(library.named(name).unwrap_or_else(|error| panic!("{error}")).is_some(), "{name}");
        }
    }

    #[test]
    fn the_site_goes_before_what_is_shipped() {
        let (home, library) = library();
        fs::write(home.path().join("pi.yaml"), "version: 1\ncomposer: {kind: line, prompt: '^mine> $'}\n").unwrap();
        let profile = library.profile(&"pi".parse().unwrap()).unwrap();
        assert!(matches!(profile.composer, ComposerForm::Line { .. }));
        assert!(!library.profile(&"aider".parse().unwrap()).unwrap().reads_files, "anything else reads lines");
    }

    #[test]
    fn what_is_no_profile_is_told_with_its_place() {
        let (home, library) = library();
        let table = [
            ("version: 2\ncomposer: {kind: line, prompt: x}\n", "expected 1"),
            ("version: 1\ncomposer: {kind: line, prompt: '('}\n", "pi.yaml"),
            ("version: 1\ncomposer: {kind: line, prompt: x}\nbusi: x\n", "busi"),
            ("version: 1\n", "composer"),
        ];
        for (text, expected) in table {
            fs::write(home.path().join("pi.yaml"), text).unwrap();
            let error = library.profile(&"pi".parse().unwrap()).unwrap_err().to_string();
            assert!(error.contains("pi.yaml") && error.contains(expected), "{error}");
        }
    }
}
