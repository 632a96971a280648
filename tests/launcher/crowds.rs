//! What happens to many agents at once costs the user manager no more than what happens to each of them.

use mosaic_harness::{Fleet, UnitFleet};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const AGENTS: usize = 40;

/// A `systemctl` that records the program that calls it.
struct RecordingSystemctl {
    directory: tempfile::TempDir,
}

impl RecordingSystemctl {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("systemctl");
        let log = directory.path().join("calls");
        let real = ["/usr/bin/systemctl", "/bin/systemctl"].map(Path::new).into_iter().find(|path| path.exists());
        let script = format!(
            "#!/bin/sh\ntr '\\0' ' ' < /proc/$PPID/cmdline | sed 's/$/\\n/' >> {}\nexec {} \"$@\"\n",
            log.display(),
            real.unwrap_or(Path::new("/usr/bin/systemctl")).display()
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { directory }
    }

    fn calls_of(&self, mode: &str) -> usize {
        let log: PathBuf = self.directory.path().join("calls");
        fs::read_to_string(log).unwrap_or_default().lines().filter(|caller| caller.contains(mode)).count()
    }
}

#[test]
fn sidecars_that_are_killed_together_come_back_without_questions_of_their_guardians() {
    let systemctl = RecordingSystemctl::new();
    let Some(fleet) = UnitFleet::build_or_skip(Fleet::builder().path_first(systemctl.directory.path())) else { return };
    let agents: Vec<String> = (0..AGENTS).map(|number| format!("agent{number}")).collect();
    let units: Vec<String> = agents.iter().map(|agent| UnitFleet::unit(agent)).collect();
    for agent in &agents {
        fleet.settings(agent, "exec sleep 1000", "");
    }
    fleet.manager().systemctl_ok(&[&["start"], &units.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    let before: Vec<_> = agents.iter().map(|agent| fleet.fleet().heartbeat(agent).unwrap()).collect();
    let sidecars = agents.iter().map(|agent| fleet.sidecar(agent)).collect::<Vec<_>>();
    for sidecar in &sidecars {
        sidecar.signal(Signal::KILL.as_raw());
    }
    let began = std::time::Instant::now();
    for (agent, old) in agents.iter().zip(&before) {
        let new = fleet.fleet().wait_heartbeat(agent, |beat| beat["sidecar"] != old["sidecar"]);
        assert_eq!((&new["pid"], &new["gen"]), (&old["pid"], &old["gen"]), "{agent} runs on");
    }
    println!("{AGENTS} agents have a sidecar again after {:?}", began.elapsed());
    assert_eq!(systemctl.calls_of("--after-stop"), AGENTS, "one question per killed sidecar");
    let questions = systemctl.calls_of("--guard");
    println!("questions of guardians: {questions}");
    assert!(questions <= AGENTS, "{questions}");
}
