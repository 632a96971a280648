//! The version of the program that runs in a pane. Another one may have been installed since it started.
//!
//! The launch leaves the version in the program's environment. A program that was started in another way is known by the
//! files that it was started from, unless they were replaced since.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mosaic_domain::{Pid, env_var};
use mosaic_process::{ProcRoot, process_start_time, since_boot};

use crate::installed_package::InstalledPackage;
use crate::profile::Profile;
use crate::program_version::ProgramVersion;

/// More processes below a pane are not searched.
const MOST_PROCESSES: usize = 32;

/// A running program and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningVersion {
    /// The version.
    pub version: ProgramVersion,
    process: Pid,
    start_ticks: u64,
}

impl RunningVersion {
    /// Finds the program of a profile in the pane of a process.
    #[must_use]
    pub fn in_pane(profile: &Profile, pane_process: Pid) -> Option<Self> {
        let proc = ProcRoot::default();
        let version_of = |process: &Pid| {
            let start_ticks = proc.stat(*process).ok()??.start_ticks;
            let launched = proc.variable(*process, env_var::RUNTIME_VERSION).ok().flatten();
            let launched = launched.and_then(|value| LaunchedVersion::parse(value.to_str()?));
            let launched = launched.filter(|launched| launched.is_of(profile, *process));
            let version = match launched {
                Some(launched) => launched.version,
                None => version_by_files(&proc, profile, *process)?,
            };
            Some(Self { version, process: *process, start_ticks })
        };
        let below = std::iter::once_with(|| proc.descendants(pane_process)).flatten();
        std::iter::once(pane_process).chain(below).take(MOST_PROCESSES).find_map(|process| version_of(&process))
    }

    /// Whether the program still runs.
    #[must_use]
    pub fn is_current(&self) -> bool {
        let stat = ProcRoot::default().stat(self.process);
        stat.is_ok_and(|stat| stat.is_some_and(|stat| stat.start_ticks == self.start_ticks))
    }
}

/// The value of `MOSAIC_RUNTIME_VERSION`: `PROGRAM@VERSION@PID`. With the process, a program that another one started
/// with its environment is not taken for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LaunchedVersion {
    pub(crate) program: String,
    pub(crate) version: ProgramVersion,
    pub(crate) process: Pid,
}

impl LaunchedVersion {
    /// The value for a program that replaces this process.
    pub(crate) fn of_this_process(program: &str, version: ProgramVersion) -> Option<Self> {
        let process = Pid::new(std::process::id())?;
        Some(Self { program: program.to_owned(), version, process })
    }

    fn parse(value: &str) -> Option<Self> {
        let (rest, process) = value.rsplit_once('@')?;
        let (program, version) = rest.rsplit_once('@')?;
        Some(Self { program: program.to_owned(), version: version.parse().ok()?, process: process.parse().ok()? })
    }

    fn is_of(&self, profile: &Profile, process: Pid) -> bool {
        let launched = profile.launch.iter().map(|launch| &launch.program);
        self.process == process && profile.programs.iter().chain(launched).any(|program| *program == self.program)
    }
}

impl std::fmt::Display for LaunchedVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}@{}", self.program, self.version, self.process)
    }
}

/// The version of a process by the program file, or by the script that an interpreter runs.
fn version_by_files(proc: &ProcRoot, profile: &Profile, process: Pid) -> Option<ProgramVersion> {
    if profile.packages.is_empty() {
        return None;
    }
    let started = started(proc, process)?;
    let mut files = [program_file(process), script(process)].into_iter().flatten();
    let package = files.find_map(|file| InstalledPackage::of_file(&file, &profile.packages))?;
    (!package.is_newer_than(started)).then_some(package.version)
}

fn program_file(process: Pid) -> Option<PathBuf> {
    let file = fs::read_link(format!("/proc/{process}/exe")).ok()?;
    // A file that was removed keeps its path, and this mark.
    Some(match file.as_os_str().as_bytes().strip_suffix(b" (deleted)") {
        Some(path) => PathBuf::from(OsStr::from_bytes(path)),
        None => file,
    })
}

/// The first argument that is not an option, if it is a file.
fn script(process: Pid) -> Option<PathBuf> {
    let arguments = fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let mut arguments = arguments.split(|byte| *byte == 0).skip(1);
    let script = arguments.find(|argument| !argument.starts_with(b"-"))?;
    let directory = fs::read_link(format!("/proc/{process}/cwd")).ok()?;
    directory.join(Path::new(OsStr::from_bytes(script))).canonicalize().ok().filter(|file| file.is_file())
}

fn started(proc: &ProcRoot, process: Pid) -> Option<SystemTime> {
    let identity = proc.identity(process).ok()??;
    SystemTime::now().checked_sub(since_boot().saturating_sub(process_start_time(&identity)))
}

#[cfg(test)]
mod tests {
    use super::{LaunchedVersion, RunningVersion};
    use crate::Profile;
    use mosaic_domain::Pid;
    use std::fs;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};

    fn profile() -> Profile {
        let text = "version: 1\nprograms: [crab]\npackages: ['@x/crab']\ncomposer: {kind: line, prompt: x}\n";
        Profile::parse(text, Path::new("crab.yaml")).unwrap()
    }

    fn version(child: &Child) -> Option<String> {
        let pid = Pid::new(child.id()).unwrap();
        RunningVersion::in_pane(&profile(), pid).map(|running| running.version.to_string())
    }

    fn end(mut child: Child) {
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    /// A shell that becomes `cat` with the variable; `$$` is its process.
    fn cat(setting: &str) -> Child {
        let script = format!("export MOSAIC_RUNTIME_VERSION={setting}; exec cat");
        let child = Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
        let environment = format!("/proc/{}/environ", child.id());
        while !String::from_utf8_lossy(&fs::read(&environment).unwrap()).contains("MOSAIC_RUNTIME_VERSION=") {
            std::thread::yield_now();
        }
        child
    }

    #[test]
    fn the_launch_leaves_the_version_in_the_environment_of_its_own_process() {
        for (setting, expected) in [
            ("crab@2.1.197@$$", Some("2.1.197")),
            ("crab@2.1.197@1", None),
            ("lobster@2.1.197@$$", None),
            ("crab@new@$$", None),
            ("", None),
        ] {
            let child = cat(setting);
            assert_eq!(version(&child).as_deref(), expected, "{setting}");
            end(child);
        }
        let table = [("crab@1.0@7", true), ("@x/crab@1.0@7", true), ("crab@1.0", false), ("crab", false)];
        for (value, is_valid) in table {
            let parsed = LaunchedVersion::parse(value);
            assert_eq!(parsed.map(|parsed| parsed.to_string()).as_deref(), is_valid.then_some(value));
        }
    }

    #[test]
    fn a_program_that_was_started_otherwise_is_known_by_its_files_until_they_are_replaced() {
        let root = tempfile::tempdir().unwrap();
        let manifest = root.path().join("package.json");
        let install = |version: &str| {
            fs::write(&manifest, format!(r#"{{"name": "@x/crab", "version": "{version}"}}"#)).unwrap();
        };
        install("1.0.0");
        fs::create_dir(root.path().join("bin")).unwrap();
        fs::write(root.path().join("bin/crab.sh"), "read line\n").unwrap();
        // Longer than the times of files and of processes are apart.
        std::thread::sleep(std::time::Duration::from_millis(50));
        let mut command = Command::new("sh");
        let child = command.args(["-e", "bin/crab.sh"]).current_dir(root.path()).stdin(Stdio::piped()).spawn().unwrap();
        let cmdline = format!("/proc/{}/cmdline", child.id());
        while !fs::read_to_string(&cmdline).unwrap().contains("crab.sh") {
            std::thread::yield_now();
        }
        assert_eq!(version(&child).as_deref(), Some("1.0.0"));
        install("2.0.0");
        assert_eq!(version(&child), None, "another version has taken the place of the one that runs");
        end(child);
    }

    #[test]
    fn a_version_is_remembered_while_its_process_runs() {
        let child = cat("crab@1.0@$$");
        let pid = Pid::new(child.id()).unwrap();
        let running = RunningVersion::in_pane(&profile(), pid).unwrap();
        assert!(running.is_current());
        end(child);
        assert!(!running.is_current());
    }
}
