//! A fleet is isolated from other fleets and from the developer, and leaves nothing behind.

use mosaic_harness::{Fleet, Launch, ProcessWatch, TmuxRelease};
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Stdio;

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Starts a session whose pane process the test controls.
fn session(fleet: &Fleet, agent: &str) {
    let command = fleet.agent_command(agent);
    let started = fleet.tmux_server(&["new-session", "-d", "-s", agent, &command]);
    assert!(started.status.success(), "{started:?}");
}

fn shell<'fleet>(fleet: &'fleet Fleet, script: &str) -> Launch<'fleet> {
    fleet.launch("coder0").program("/bin/sh").arg("-c").arg(script)
}

#[test]
fn the_directory_is_private_and_short() {
    let fleet = Fleet::new();
    let mode = std::fs::metadata(fleet.root()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(fleet.root().as_os_str().len() <= 16, "{:?}", fleet.root());
    assert_eq!(fleet.mosaic_home(), fleet.home().join(".config/mosaic"));
}

#[test]
fn two_fleets_share_no_server() {
    let (one, other) = (Fleet::new(), Fleet::new());
    session(&one, "coder0");
    assert!(one.tmux(&["has-session", "-t", "=coder0:"]).status.success());
    assert!(!other.tmux(&["has-session", "-t", "=coder0:"]).status.success());
    assert_eq!(other.processes(), Vec::<u32>::new());
}

#[test]
fn a_fleet_runs_with_the_tmux_of_another_release() {
    for release in TmuxRelease::ALL {
        let Some(builder) = Fleet::builder().tmux_or_skip(release) else { continue };
        let fleet = builder.build();
        session(&fleet, "coder0");
        let version = fleet.tmux(&["display-message", "-p", "-t", "=coder0:", "#{version}"]);
        assert_eq!(stdout(&version), release.version());
    }
}

#[test]
fn a_launch_has_only_the_environment_of_the_fleet() {
    let fleet = Fleet::builder().env("MINE", "1").build();
    let output = shell(&fleet, "env | cut -d= -f1 | sort | tr '\\n' ' '").interval("0.2").output();
    assert_eq!(
        stdout(&output),
        "HOME LANG MINE MOSAIC_HEARTBEAT_INTERVAL MOSAIC_TMUX_SOCKET PATH PWD TMUX_TMPDIR \
         XDG_RUNTIME_DIR"
    );
}

#[test]
fn a_launch_passes_arguments_environment_and_exit_code() {
    let fleet = Fleet::builder().run_directory("elsewhere").build();
    let launch = shell(&fleet, "echo \"$0 $MOSAIC_AGENT_COMMAND $MOSAIC_HEARTBEAT_RUN_DIR\"; exit 7");
    let output = launch.command("work").output();
    let root = fleet.root().display();
    assert_eq!(stdout(&output), format!("coder0 work {root}/elsewhere"));
    assert_eq!(output.status.code(), Some(7));
    let launch = shell(&fleet, "echo $#; echo $MOSAIC_AGENT_NAME").named_by_environment();
    assert_eq!(stdout(&launch.output()), "0\ncoder0");
}

#[test]
fn wait_heartbeat_works_before_the_directory_exists() {
    let fleet = Fleet::new();
    assert_eq!(fleet.heartbeat("coder0"), None);
    let run = fleet.run_directory().display();
    let script = format!(
        "sleep 0.1; mkdir -p {run}; for seq in 1 2 3; do \
         echo seq=$seq > {run}/.new; mv {run}/.new {run}/coder0.hb; sleep 0.05; done"
    );
    let writer = shell(&fleet, &script);
    let mut writer = writer.spawn();
    let heartbeat = fleet.wait_heartbeat("coder0", |beat| beat["seq"] == "3");
    assert_eq!(heartbeat.len(), 1);
    assert!(writer.wait().unwrap().success());
}

#[test]
fn wait_heartbeat_works_when_the_directory_is_replaced() {
    let fleet = Fleet::new();
    std::fs::create_dir_all(fleet.run_directory()).unwrap();
    std::fs::write(fleet.heartbeat_path("coder0"), "seq=1\n").unwrap();
    let run = fleet.run_directory().display();
    let script = format!(
        "sleep 0.1; rm -r {run}; mkdir {run}; sleep 0.1; \
         echo seq=2 > {run}/.new; mv {run}/.new {run}/coder0.hb"
    );
    let mut writer = shell(&fleet, &script).spawn();
    let heartbeat = fleet.wait_heartbeat("coder0", |beat| beat["seq"] == "2");
    assert_eq!(heartbeat["seq"], "2");
    assert!(writer.wait().unwrap().success());
}

#[test]
fn an_env_file_has_mode_0600() {
    let fleet = Fleet::new();
    fleet.write_env_file("coder0", "TOKEN=secret\n");
    let path = fleet.mosaic_home().join("fleet/agents/coder0.env");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(path).unwrap(), "TOKEN=secret\n");
}

#[test]
fn a_panic_leaves_no_process_and_no_file() {
    let mut root = None;
    let mut watches = Vec::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let fleet = Fleet::new();
        root = Some(fleet.root().to_owned());
        session(&fleet, "coder0");
        let pane = fleet.pane("coder0");
        pane.ignore_termination();
        let orphan = pane.spawn_orphan();
        assert!(fleet.processes().contains(&orphan));
        watches = fleet.processes().into_iter().filter_map(|pid| ProcessWatch::new(pid).ok()).collect();
        std::panic::panic_any("a failed test");
    }));
    assert!(panicked.is_err());
    assert!(watches.len() >= 3, "the server, the pane and the orphan: {watches:?}");
    assert!(watches.iter().all(ProcessWatch::is_dead));
    assert!(!root.unwrap().exists());
}

#[test]
fn drop_unmounts_file_systems_of_the_test() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let fleet = Fleet::new();
    let disk = fleet.root().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let flags = rustix::mount::MountFlags::empty();
    rustix::mount::mount("tmpfs", &disk, "tmpfs", flags, c"size=4096").unwrap();
    drop(fleet);
    assert!(!Path::new(&disk).exists());
}

#[test]
fn a_fleet_may_belong_to_an_ordinary_user() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let fleet = Fleet::builder().owner(4711, 4711).build();
    fleet.write_env_file("coder0", "A=1\n");
    let output = shell(&fleet, "id -u; cat ~/.config/mosaic/fleet/agents/coder0.env; touch /etc/x || echo refused");
    assert_eq!(stdout(&output.output()), "4711\nA=1\nrefused");
}

#[test]
fn drop_kills_processes_that_outlive_their_launch() {
    let fleet = Fleet::new();
    let mut child = shell(&fleet, "exit 3").spawn();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let mut detached = fleet.command("sleep").arg("600").stdout(Stdio::null()).spawn().unwrap();
    assert_eq!(fleet.processes(), vec![detached.id()]);
    drop(fleet);
    assert!(!detached.wait().unwrap().success());
}
