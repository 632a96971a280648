//! `mosaic fleet init` and `install`: from an empty home to a running fleet.

use mosaic_harness::{Fleet, FleetBuilder, ProcessWatch, UserManager};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A home that contains only a runtime, and the unpacked programs.
struct EmptyHome {
    // Dropped first, so that it restarts nothing that the fleet ends.
    manager: UserManager,
    programs: PathBuf,
    fleet: Fleet,
}

impl EmptyHome {
    fn or_skip(builder: FleetBuilder) -> Option<Self> {
        let fleet = builder.tmux_socket("mosaic-factory").build();
        let programs = fleet.install_programs().parent().unwrap().to_owned();
        fleet.install_script(&fleet.home().join(".local/bin/claude"), "#!/bin/sh\nexec sleep infinity\n");
        if let Some((uid, gid)) = fleet.owner() {
            let given = Command::new("chown").args(["-R", &format!("{uid}:{gid}")]).arg(fleet.home()).status();
            assert!(given.unwrap().success());
        }
        let manager = UserManager::start_or_skip(&fleet)?;
        Some(Self { manager, programs, fleet })
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.manager.command(self.programs.join("mosaic"));
        command.arg("fleet").args(words);
        command
    }

    fn mosaic(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    fn ok(&self, words: &[&str]) -> String {
        let output = self.mosaic(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn install_and_repeat(&self) {
        self.ok(&["init", "--profile", "coding", "--write"]);
        self.ok(&["install"]);
        self.ok(&["start"]);
        let verified = self.ok(&["verify", "--wait", "60"]);
        // A second run changes nothing.
        let env = self.fleet.mosaic_home().join("fleet/agents/coder0.env");
        let written = || std::fs::metadata(&env).unwrap().modified().unwrap();
        let (before, pid) = (written(), self.fleet.heartbeat("coder0").unwrap()["pid"].clone());
        self.ok(&["init", "--profile", "coding", "--write"]);
        assert_eq!(self.ok(&["install"]).lines().next(), Some("nothing to do"));
        let started = self.ok(&["start"]);
        assert!(started.contains("already running") && !started.contains("started in"), "{started}");
        self.ok(&["verify"]);
        assert_eq!((written(), &self.fleet.heartbeat("coder0").unwrap()["pid"]), (before, &pid), "{verified}");
    }
}

#[test]
fn installing_into_an_empty_home_verifies_and_is_idempotent() {
    let Some(home) = EmptyHome::or_skip(Fleet::builder()) else { return };
    home.install_and_repeat();
}

#[test]
fn installing_as_an_ordinary_user_verifies_and_is_idempotent() {
    if !mosaic_harness::is_root_or_skip("another user") {
        return;
    }
    let Some(home) = EmptyHome::or_skip(Fleet::builder().owner(65534, 65534)) else { return };
    home.install_and_repeat();
}

#[test]
fn installing_into_a_home_with_blanks_and_percent_signs_works() {
    let Some(home) = EmptyHome::or_skip(Fleet::builder().env("MOSAIC_HOME", "/tmp/replaced")) else { return };
    let elsewhere = home.fleet.root().join("100% mine");
    let elsewhere = elsewhere.to_str().unwrap();
    home.ok(&["--mosaic-home", elsewhere, "init", "--profile", "minimal", "--write"]);
    home.ok(&["--mosaic-home", elsewhere, "install"]);
    home.ok(&["--mosaic-home", elsewhere, "start"]);
    assert_eq!(home.manager.is_active("mosaic-agent@coder0.service"), "active");
    let beat = home.fleet.root().join("100% mine/fleet/run/coder0.hb");
    assert!(std::fs::read_to_string(beat).unwrap().contains("status=ok"));
}

/// The unit of an agent would only fail later, with status 203.
#[test]
fn a_home_in_which_no_program_can_be_executed_is_named() {
    if !mosaic_harness::is_root_or_skip("a mount") {
        return;
    }
    let Some(home) = EmptyHome::or_skip(Fleet::builder()) else { return };
    let mosaic_home = home.fleet.mosaic_home();
    let mut mount = home.manager.command("mount");
    mount.args(["-t", "tmpfs", "-o", "noexec,mode=0700", "tmpfs"]).arg(mosaic_home);
    assert!(mount.status().unwrap().success());
    home.ok(&["init", "--profile", "minimal", "--write"]);
    let installed = home.mosaic(&["install"]);
    let said = String::from_utf8([installed.stdout, installed.stderr].concat()).unwrap();
    let verified = home.mosaic(&["verify"]);
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    let verified = String::from_utf8(verified.stdout).unwrap();
    for said in [&said, &verified] {
        assert!(said.contains("mounted noexec"), "{said}");
    }
}

#[test]
fn install_keeps_running_agents_and_relaunches_them_on_request() {
    let Some(home) = EmptyHome::or_skip(Fleet::builder()) else { return };
    home.install_and_repeat();
    let pid = || home.fleet.heartbeat("coder0").unwrap()["pid"].clone();
    let before = pid();
    // Another build of the sidecar.
    let sidecar = home.programs.join("agent-sidecar");
    let status = Command::new("sh").args(["-c", "printf x >> \"$0\""]).arg(&sidecar).status().unwrap();
    assert!(status.success());
    let stdout = home.ok(&["install"]);
    assert!(stdout.contains("copy") && stdout.contains("agent-sidecar"), "{stdout}");
    assert_eq!(pid(), before);
    home.ok(&["install", "--relaunch"]);
    assert_ne!(pid(), before);
    home.ok(&["verify", "--wait", "60"]);
}

#[test]
fn an_install_killed_at_any_moment_is_completed_by_the_next() {
    const KILLS: u32 = 15;
    let Some(home) = EmptyHome::or_skip(Fleet::builder()) else { return };
    home.ok(&["init", "--profile", "coding", "--write"]);
    let env = home.fleet.mosaic_home().join("fleet/agents/coder0.env");
    std::fs::create_dir_all(env.parent().unwrap()).unwrap();
    let additions = "# ours\nAPI_KEY=s3cret\n";
    std::fs::write(&env, additions).unwrap();
    home.ok(&["install"]);
    let installed = std::fs::read_to_string(&env).unwrap();
    home.ok(&["uninstall", "--yes"]);
    // How long an undisturbed install takes; each one that was not hit in time corrects it.
    let mut whole = Duration::from_secs(5);
    let (mut killed, mut attempts) = (0, 0);
    while killed < KILLS {
        attempts += 1;
        assert!(attempts <= 5 * KILLS, "{killed} of {attempts} were killed before they had finished");
        // It leads its own process group: a kill of `nsenter` alone would not reach it.
        let mut command = home.command(&["install"]);
        let began = Instant::now();
        let mut child = std::os::unix::process::CommandExt::process_group(&mut command, 0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let process = ProcessWatch::new(child.id()).unwrap();
        // The kill hits a later step each time.
        if process.wait_for(whole * killed / KILLS) {
            whole = whole.min(began.elapsed());
        }
        let group = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        killed += u32::from(!child.wait().unwrap().success());
        let left = std::fs::read_to_string(&env).unwrap();
        assert!(left == additions || left == installed, "{attempts}: {left}");
        home.ok(&["install"]);
        assert_eq!(std::fs::read_to_string(&env).unwrap(), installed, "{attempts}");
        assert_eq!(home.ok(&["install"]).lines().next(), Some("nothing to do"), "{attempts}");
        home.ok(&["uninstall", "--yes"]);
        assert_eq!(std::fs::read_to_string(&env).unwrap(), additions, "{attempts}");
        assert!(!home.fleet.mosaic_home().join("tools").exists(), "{attempts}");
    }
}
