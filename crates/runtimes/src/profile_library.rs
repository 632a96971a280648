//! The library of profiles: those that are shipped, and those of the site.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mosaic_domain::{MosaicHome, Pid, RuntimeName};
use mosaic_process::ProcRoot;
use mosaic_regular_file::MAX_CONFIGURATION_BYTES;
use mosaic_tmux::ResolvedPane;

use crate::{Profile, ProfileError, RunningVersion, Runtime};

/// The shipped profiles, by name.
const SHIPPED: [(&str, &str); 11] = [
    ("claude", include_str!("../../../framework/fleet/runtimes/claude.yaml")),
    ("codex", include_str!("../../../framework/fleet/runtimes/codex.yaml")),
    ("pi", include_str!("../../../framework/fleet/runtimes/pi.yaml")),
    ("opencode", include_str!("../../../framework/fleet/runtimes/opencode.yaml")),
    ("qwen", include_str!("../../../framework/fleet/runtimes/qwen.yaml")),
    ("copilot", include_str!("../../../framework/fleet/runtimes/copilot.yaml")),
    ("kimi", include_str!("../../../framework/fleet/runtimes/kimi.yaml")),
    ("gemini", include_str!("../../../framework/fleet/runtimes/gemini.yaml")),
    ("cline", include_str!("../../../framework/fleet/runtimes/cline.yaml")),
    ("shell", include_str!("../../../framework/fleet/runtimes/shell.yaml")),
    ("repl", include_str!("../../../framework/fleet/runtimes/repl.yaml")),
];

/// The profile of shells.
const SHELL: &str = "shell";

/// The profile of a runtime without one: a program that reads lines after a prompt.
const FALLBACK: &str = "repl";

static SHIPPED_RUNTIMES: LazyLock<Vec<Runtime>> = LazyLock::new(|| {
    let runtimes = SHIPPED
        .iter()
        .filter_map(|(name, text)| Runtime::of_profile(name.parse().ok()?, &parse_shipped(name, text).ok()?));
    runtimes.collect()
});

/// Returns the shipped runtimes that can be launched.
#[must_use]
pub fn shipped_runtimes() -> &'static [Runtime] {
    &SHIPPED_RUNTIMES
}

/// Returns the shipped runtime of that name.
#[must_use]
pub fn shipped_runtime(name: &str) -> Option<&'static Runtime> {
    shipped_runtimes().iter().find(|runtime| runtime.name.as_str() == name)
}

/// The profiles of a fleet.
#[derive(Clone, Debug)]
pub struct ProfileLibrary {
    /// The directory with the site's own profiles.
    site_directory: PathBuf,
}

impl ProfileLibrary {
    /// Returns the library of the fleet in that home.
    #[must_use]
    pub fn new(home: &MosaicHome) -> Self {
        Self { site_directory: home.paths().runtimes() }
    }

    /// Returns the profile of a runtime: the site's, else the shipped one, else the one of the program that the runtime is
    /// called like, else that of a program that reads lines after a prompt.
    ///
    /// # Errors
    /// The site's profile cannot be used.
    pub fn profile(&self, runtime: &RuntimeName) -> Result<Profile, ProfileError> {
        let profile = match self.named(runtime.as_str())? {
            None => self.profile_of_program(runtime.as_str())?,
            profile => profile,
        };
        match profile {
            Some(profile) => Ok(profile),
            None => self.named(FALLBACK)?.ok_or_else(|| ProfileError::Invalid {
                path: PathBuf::from(format!("{FALLBACK}.yaml")),
                position: None,
                message: "it is not shipped".to_owned(),
            }),
        }
    }

    /// Returns the profile of a runtime for the version of its program that runs in the pane of this process.
    ///
    /// # Errors
    /// The site's profile cannot be used.
    pub fn profile_in_pane(&self, runtime: &RuntimeName, pane_process: Option<Pid>) -> Result<Profile, ProfileError> {
        self.profile(runtime).map(|profile| of_running_version(profile, pane_process))
    }

    /// Returns the profile for a pane that is not an agent's, by the programs that run in it. A shell counts if it alone
    /// reads the terminal, because it may also be the wrapper of a program.
    ///
    /// # Errors
    /// A site's profile cannot be used.
    pub fn profile_of_pane(&self, pane: &ResolvedPane) -> Result<Profile, ProfileError> {
        if let Some(shell) = pane.pid.and_then(|pid| self.shell_in_foreground(pid)) {
            return Ok(shell);
        }
        let programs = running_programs(pane);
        for program in programs.iter().filter(|program| !is_shell(program)) {
            if let Some(profile) = self.profile_of_program(program)? {
                return Ok(of_running_version(profile, pane.pid));
            }
        }
        self.profile_in_pane(&pane.command.parse().unwrap_or_default(), pane.pid)
    }

    /// Returns the profile of shells if a shell alone reads the terminal of this pane process.
    #[must_use]
    pub fn shell_in_foreground(&self, pane_process: Pid) -> Option<Profile> {
        if shell_reads_terminal(pane_process) { self.named(SHELL).ok().flatten() } else { None }
    }

    /// Returns the profile that names this program.
    fn profile_of_program(&self, program: &str) -> Result<Option<Profile>, ProfileError> {
        for name in self.names() {
            let profile = self.named(&name)?.filter(|profile| profile.programs.iter().any(|known| known == program));
            if profile.is_some() {
                return Ok(profile);
            }
        }
        Ok(None)
    }

    /// Returns the runtime of that name, if its profile says how it is launched.
    ///
    /// # Errors
    /// The site's profile cannot be used.
    pub fn runtime(&self, name: &RuntimeName) -> Result<Option<Runtime>, ProfileError> {
        let Some(profile) = self.named(name.as_str())? else { return Ok(None) };
        Ok(Runtime::of_profile(name.clone(), &profile).or_else(|| shipped_runtime(name.as_str()).cloned()))
    }

    /// Returns the names of the runtimes that can be launched: the shipped ones, then those of the site. A site's
    /// profile that cannot be used is left out.
    #[must_use]
    pub fn runtime_names(&self) -> Vec<RuntimeName> {
        let names = self.names().into_iter().filter_map(|name| name.parse().ok());
        let is_launchable = |name: &RuntimeName| {
            shipped_runtime(name.as_str()).is_some() || self.runtime(name).is_ok_and(|runtime| runtime.is_some())
        };
        names.filter(is_launchable).collect()
    }

    /// Returns the names of all profiles: the shipped ones, then those that only the site has, sorted.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        let files = fs::read_dir(&self.site_directory).into_iter().flatten().flatten();
        let mut added: Vec<String> = files
            .filter_map(|file| file.file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned))
            .filter(|name| !names.contains(name) && name.parse::<RuntimeName>().is_ok())
            .collect();
        added.sort_unstable();
        names.extend(added);
        names
    }

    fn named(&self, name: &str) -> Result<Option<Profile>, ProfileError> {
        let path = self.site_directory.join(format!("{name}.yaml"));
        match mosaic_regular_file::read_text(&path, MAX_CONFIGURATION_BYTES) {
            Ok(text) => return Profile::parse(&text, &path).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(ProfileError::Unreadable { path, source }),
        }
        SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(name, text)| parse_shipped(name, text)).transpose()
    }
}

/// The profile for the version that runs in a pane. A profile that is the same for all versions needs no search.
fn of_running_version(profile: Profile, pane_process: Option<Pid>) -> Profile {
    if profile.older.is_empty() {
        return profile;
    }
    let running = pane_process.and_then(|process| RunningVersion::in_pane(&profile, process));
    profile.for_version(running.as_ref().map(|running| &running.version)).clone()
}

fn parse_shipped(name: &str, text: &str) -> Result<Profile, ProfileError> {
    Profile::parse(text, Path::new(&format!("{name}.yaml")))
}

/// Returns the programs that run in a pane: the one in the foreground, and the descendants of the pane process, which
/// may be a wrapper.
fn running_programs(pane: &ResolvedPane) -> Vec<String> {
    let proc = ProcRoot::default();
    let below = pane.pid.map(|pid| proc.descendants(pid)).into_iter().flatten();
    let below = below.filter_map(|pid| proc.program(pid).ok().flatten());
    let below = below.filter_map(|program| program.into_string().ok());
    [pane.command.clone()].into_iter().chain(below).collect()
}

/// The programs of the shipped profile of shells.
static SHELLS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let shipped = SHIPPED.iter().find(|(name, _)| *name == SHELL);
    shipped.and_then(|(name, text)| parse_shipped(name, text).ok()).map(|profile| profile.programs).unwrap_or_default()
});

/// Returns whether this is the name of a shell's process. A login shell may have a hyphen before its name.
fn is_shell(program: &str) -> bool {
    SHELLS.iter().any(|shell| shell == program.strip_prefix('-').unwrap_or(program))
}

/// Returns whether the foreground process group of a pane's terminal consists of shells. A shell that waits for a program
/// has put it into another group, or shares the group with it.
#[must_use]
pub fn shell_reads_terminal(pane_process: Pid) -> bool {
    let proc = ProcRoot::default();
    let Ok(Some(stat)) = proc.stat(pane_process) else { return false };
    let in_foreground = |pid: &Pid| proc.process_group(*pid).is_some_and(|group| group == stat.foreground_group);
    let processes = [pane_process].into_iter().chain(proc.descendants(pane_process)).filter(in_foreground);
    let mut shells =
        processes.map(|pid| proc.program(pid).ok().flatten().is_some_and(|name| is_shell(&name.to_string_lossy())));
    shells.next().is_some_and(|first| first && shells.all(|shell| shell))
}

#[cfg(test)]
mod tests {
    use super::{ProfileLibrary, SHIPPED, shipped_runtime, shipped_runtimes};
    use crate::ComposerForm;
    use std::fs;

    fn library() -> (tempfile::TempDir, ProfileLibrary) {
        let home = tempfile::tempdir().unwrap();
        let library = ProfileLibrary { site_directory: home.path().to_owned() };
        (home, library)
    }

    #[test]
    fn every_shipped_profile_is_valid() {
        let (_home, library) = library();
        for (name, _) in SHIPPED {
            assert!(library.named(name).unwrap_or_else(|error| panic!("{error}")).is_some(), "{name}");
        }
    }

    #[test]
    fn every_profile_of_the_framework_is_shipped() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../framework/fleet/runtimes");
        let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut found: Vec<String> = files.collect();
        let mut shipped: Vec<String> = SHIPPED.iter().map(|(name, _)| format!("{name}.yaml")).collect();
        found.sort_unstable();
        shipped.sort_unstable();
        assert_eq!(
            found, shipped,
            "add each profile of framework/fleet/runtimes (left) to `SHIPPED` in profile_library.rs (right)"
        );
    }

    #[test]
    fn the_names_of_shipped_runtimes_are_unique_and_valid() {
        let names: Vec<&str> = shipped_runtimes().iter().map(|runtime| runtime.name.as_str()).collect();
        assert_eq!(
            names,
            ["claude", "codex", "pi", "opencode", "qwen", "copilot", "kimi", "gemini", "cline"],
            "the shipped profiles with a `launch` section have changed: adapt this list, the one in tests/runtimes.rs and \
             `mosaic_roster::Roster::BUILT_IN_RUNTIMES`"
        );
        for runtime in shipped_runtimes() {
            assert!(shipped_runtime(runtime.name.as_str()).is_some_and(|found| std::ptr::eq(found, runtime)));
        }
    }

    #[test]
    fn a_sites_profile_replaces_the_shipped_one() {
        let (home, library) = library();
        fs::write(home.path().join("pi.yaml"), "version: 1\ncomposer: {kind: line, prompt: '^mine> $'}\n").unwrap();
        let pi = "pi".parse().unwrap();
        let profile = library.profile(&pi).unwrap();
        assert!(matches!(profile.composer, ComposerForm::Line { .. }));
        let other = "another".parse().unwrap();
        assert!(!library.profile(&other).unwrap().reads_files, "the fallback reads lines");
        assert_eq!(library.runtime(&pi).unwrap().unwrap().launch.program, "pi", "the shipped launch section applies");
    }

    #[test]
    fn a_runtime_that_is_called_like_a_shell_has_the_profile_of_shells() {
        let (_home, library) = library();
        for shell in ["bash", "zsh", "sh", "dash", "fish", "tcsh"] {
            assert!(!library.profile(&shell.parse().unwrap()).unwrap().preamble, "{shell} would run a preamble");
        }
        assert!(library.profile(&"another".parse().unwrap()).unwrap().preamble);
    }

    #[test]
    fn an_invalid_profile_is_reported_with_its_place() {
        let (home, library) = library();
        let table = [
            ("version: 2\ncomposer: {kind: line, prompt: x}\n", "expected 1"),
            ("version: 1\ncomposer: {kind: line, prompt: '('}\n", "pi.yaml"),
            ("version: 1\ncomposer: {kind: line, prompt: x}\nbusi: x\n", "busi"),
            ("version: 1\n", "composer"),
            ("version: 1\ncomposer: {kind: line, prompt: x}\nlaunch: {program: x, reporter: pigeon}\n", "pigeon"),
            (
                "version: 1\ncomposer: {kind: line, prompt: x}\nbogus: x\n",
                "pi.yaml:3:1: unknown key 'bogus': expected one of ",
            ),
        ];
        for (text, expected) in table {
            fs::write(home.path().join("pi.yaml"), text).unwrap();
            let error = library.profile(&"pi".parse().unwrap()).unwrap_err().to_string();
            assert!(error.contains("pi.yaml") && error.contains(expected) && !error.contains('\n'), "{error}");
        }
    }
}
