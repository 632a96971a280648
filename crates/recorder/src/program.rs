//! The installed program: the one of the tests, or a version that is installed for the recording.

use std::path::{Path, PathBuf};
use std::process::Command;

use mosaic_harness::{AgentPrograms, Binaries};

use crate::RecordError;
use crate::script::RuntimeScript;

/// An agent program that is installed.
#[derive(Debug)]
pub(crate) struct Program {
    /// Its version, as it prints it.
    pub(crate) version: String,
    /// The value of `PATH` with which it is started.
    pub(crate) path: String,
}

impl Program {
    /// Installs the version, or takes the program of the tests.
    pub(crate) fn prepare(runtime: &str, script: &RuntimeScript, version: Option<&str>) -> Result<Self, RecordError> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        let target = Binaries::workspace().join(target);
        let system = "/usr/local/bin:/usr/bin:/bin";
        let installed = AgentPrograms::installed_or_skip();
        let mut path = installed.map_or_else(|| system.to_owned(), |programs| programs.path(system));
        if let Some(version) = version {
            let directory = target.join(format!("recorded/{runtime}-{version}"));
            install(script, version, &directory, &path)?;
            path = format!("{}:{path}", directory.join(&script.directory).display());
        }
        let recorded = target.join("recorded");
        std::fs::create_dir_all(&recorded).map_err(|error| RecordError::File { path: recorded.clone(), error })?;
        let printed = shell(&script.version, &recorded, &path, "")?;
        let number = |word: &&str| word.chars().next().is_some_and(|first| first.is_ascii_digit());
        let words = printed.split_whitespace().map(|word| word.trim_start_matches('v')).collect::<Vec<_>>();
        let found = words.iter().find(|word| number(word)).map(|word| (*word).to_owned());
        let version = found.ok_or_else(|| RecordError::Command {
            command: script.version.clone(),
            message: format!("printed no version: {printed}"),
        })?;
        Ok(Self { version, path })
    }
}

/// Installs a version unless it is there. The last file of an installation tells that it is whole.
fn install(script: &RuntimeScript, version: &str, directory: &Path, path: &str) -> Result<(), RecordError> {
    let whole = directory.join("installed");
    if whole.exists() {
        return Ok(());
    }
    let Some(command) = &script.install else {
        return Err(RecordError::Undefined { kind: "command", name: "install".to_owned() });
    };
    eprintln!("record: installing {version} in {}", directory.display());
    let failed = |error| RecordError::File { path: directory.to_owned(), error };
    std::fs::create_dir_all(directory).map_err(failed)?;
    shell(command, directory, path, version)?;
    std::fs::write(whole, version).map_err(failed)
}

fn shell(command: &str, directory: &Path, path: &str, version: &str) -> Result<String, RecordError> {
    let mut shell = Command::new("sh");
    shell.args(["-ec", command]).current_dir(directory).env("PATH", path).env("VERSION", version);
    // What the command caches stays in the directory.
    shell.env("HOME", directory);
    let failed = |message| RecordError::Command { command: command.to_owned(), message };
    let output = shell.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
