//! Verifies the systemd units that ship.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cargo::Cargo;
use crate::failure::Failure;
use crate::lint::{Findings, Outcome};
use crate::repository::Repository;

const DIRECTORY: &str = "framework/systemd/user";
const KINDS: [&str; 6] = ["service", "socket", "timer", "target", "slice", "path"];

pub(super) fn check(cargo: &Cargo, repository: &Repository) -> Outcome {
    let is_unit = |path: &String| path.rsplit_once('.').is_some_and(|(_, kind)| KINDS.contains(&kind));
    let units: Vec<String> = repository.files(&[DIRECTORY])?.into_iter().filter(is_unit).collect();
    if units.is_empty() {
        return Err(Failure::failed(format!("no unit in {DIRECTORY}, expected the holder and the agent template")));
    }
    let scratch = cargo.target_directory().join("lint-units");
    let findings = install_programs(&scratch, &units)
        .and_then(|()| verify(&scratch, &units))
        .map_err(|error| Failure::unavailable(format!("systemd-analyze verify: {error}")));
    let _ = fs::remove_dir_all(&scratch);
    findings
}

/// The units name programs in the home directory, so a temporary home gets executable files of these names.
fn install_programs(home: &Path, units: &[String]) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::remove_dir_all(home);
    fs::create_dir_all(home.join("run"))?;
    for unit in units {
        for program in fs::read_to_string(unit)?.lines().filter_map(program_in_home) {
            let path = home.join(program);
            fs::create_dir_all(path.parent().unwrap_or(home))?;
            fs::write(&path, "#!/bin/sh\n")?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}

/// `a/b` in a line such as `ExecStart=-%h/a/b --flag`.
fn program_in_home(line: &str) -> Option<&str> {
    let (key, command) = line.split_once('=')?;
    key.strip_prefix("Exec").filter(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
    command.trim_start_matches(['-', '@', ':', '+', '!', '|']).strip_prefix("%h/")?.split_whitespace().next()
}

/// `systemd-analyze` exits with 0 for what it ignores, such as a misspelled directive. So any output is a finding,
/// except about the units of the system.
fn verify(home: &Path, units: &[String]) -> io::Result<Findings> {
    let names = units.iter().map(|unit| format!("./{}", unit.rsplit('/').next().unwrap_or(unit)));
    let output = Command::new("systemd-analyze")
        // Manual pages are checked too: a user verifies the installed units without options.
        .args(["verify", "--user", "--man=yes"])
        .args(names)
        .current_dir(DIRECTORY)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home.join("run"))
        .stdin(Stdio::null())
        .output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let of_the_system = |line: &&str| line.starts_with("/lib/systemd/") || line.starts_with("/usr/lib/systemd/");
    let mut findings: Findings = text.lines().filter(|line| !of_the_system(line)).map(str::to_owned).collect();
    if findings.is_empty() && !output.status.success() {
        findings.push(format!("systemd-analyze verify: {}", output.status));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_below_the_home_directory_are_found() {
        assert_eq!(program_in_home("ExecStart=%h/tools/x --foreground %i"), Some("tools/x"));
        assert_eq!(program_in_home("ExecStopPost=-%h/tools/y"), Some("tools/y"));
        assert_eq!(program_in_home("ExecStart=/bin/true"), None);
        assert_eq!(program_in_home("Environment=A=%h/x"), None);
    }
}
