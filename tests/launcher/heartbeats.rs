//! Heartbeats: their format, and their recovery from failures of the disk without harm to the agent.

use mosaic_harness::{Binaries, Deadline, Fleet, LogFile, PaneProcess, ProcessWatch, SmallDisk, is_root_or_skip};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Stdio};

const INTERVAL: &str = "0.02";

/// An agent whose sidecar writes its log to a file, so that the test can count the lines.
struct Watched<'fleet> {
    fleet: &'fleet Fleet,
    child: Child,
    log: LogFile,
    pane: PaneProcess,
}

impl<'fleet> Watched<'fleet> {
    /// The sidecar logs to journald's socket or, without one, to standard error. Therefore it runs in the
    /// foreground with its standard error in a file, in a mount namespace that hides journald's socket.
    /// Earlier mounts are in that namespace too.
    fn start(fleet: &'fleet Fleet) -> Self {
        let log = LogFile::new(fleet.root().join("log"));
        let hide = "if [ -d /run/systemd/journal ]; then mount -t tmpfs none /run/systemd/journal || exit 99; fi\n\
                    exec \"$0\" --foreground coder0";
        let mut command = fleet.command("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-current-user", "--keep-caps"]);
        }
        command.args(["--mount", "sh", "-c", hide]).arg(Binaries::start_agent_session());
        command.env("MOSAIC_AGENT_COMMAND", fleet.agent_command("coder0"));
        command.env("MOSAIC_HEARTBEAT_INTERVAL", INTERVAL);
        let child = command.stdout(Stdio::null()).stderr(log.create()).spawn().unwrap();
        fleet.wait_heartbeat("coder0", |beat| beat["status"] == "ok");
        assert_eq!(log.lines(), [""; 0]);
        Self { fleet, child, log, pane: fleet.pane("coder0") }
    }

    fn sidecar(&self) -> ProcessWatch {
        ProcessWatch::new(self.child.id()).unwrap()
    }

    /// Mounts a read-only view over the run directory in the sidecar's namespace, or removes it. This looks like
    /// a disk that turned read-only after an error; a remount is refused while the sidecar has its lock open.
    fn set_read_only(&self, read_only: bool) {
        // Prepared at another path without writers, so that it is read-only from the start.
        const MOUNT: &str = "mkdir -p $1 && mount --bind $0 $1 && mount -o remount,ro,bind $1 && mount --bind $1 $0";
        let script = if read_only { MOUNT } else { "umount -l $0 && umount $1" };
        let mut command = self.fleet.command("nsenter");
        command.args(["--mount", "--target", &self.child.id().to_string(), "sh", "-c", script]);
        command.arg(self.fleet.run_directory()).arg(self.fleet.root().join("view"));
        assert!(command.status().unwrap().success(), "{script}");
    }

    /// Heartbeats continue, for the same processes, and the agent is unharmed.
    fn assert_healthy(&self) {
        let now = self.fleet.heartbeat("coder0").map_or(0, |beat| beat["seq"].parse().unwrap());
        let later = |seq: &str| seq.parse::<u64>().unwrap() > now + 2;
        let beat = self.fleet.wait_heartbeat("coder0", |beat| later(&beat["seq"]));
        assert_eq!((beat["status"].as_str(), beat["gen"].as_str()), ("ok", "1"));
        assert_eq!(beat["sidecar"], self.child.id().to_string());
        assert_eq!(beat["pid"], self.pane.pid().to_string());
        self.assert_unharmed();
        let record = format!(".{}.tmux", self.fleet.tmux_socket());
        let is_litter = |name: &str| !["coder0.hb", ".coder0.lock", ".coder0.hb.new", &record].contains(&name);
        let files = std::fs::read_dir(self.fleet.run_directory()).unwrap();
        let litter: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        assert!(!litter.iter().any(|name| is_litter(name)), "{litter:?}");
    }

    fn assert_unharmed(&self) {
        self.pane.print("still here\n");
        assert!(!self.pane.process().is_dead());
        assert_eq!(self.fleet.sessions(), ["coder0"]);
    }

    /// An outage is logged once, however many heartbeats cannot be written.
    fn assert_outage(&self, number: usize, word: &str) {
        let lines = self.log.wait_lines(number);
        let line = lines.last().unwrap();
        assert!(line.contains("cannot write the heartbeat") && line.contains(word), "{line}");
        self.sidecar().wait_wake_ups(10);
        assert_eq!(self.log.lines().len(), number, "{:#?}", self.log.lines());
        self.assert_unharmed();
    }

    /// The agent's end is recorded on disk.
    fn end(mut self) {
        self.pane.exit(7);
        assert_eq!(self.child.wait().unwrap().code(), Some(7));
        assert_eq!(self.fleet.heartbeat("coder0").unwrap()["exit"], "code:7");
    }
}

#[test]
fn a_full_disk_is_logged_once_and_does_not_harm_the_agent() {
    if !is_root_or_skip("a disk of its own") {
        return;
    }
    let fleet = Fleet::new();
    let disk = SmallDisk::mount(fleet.run_directory());
    let watched = Watched::start(&fleet);
    for outage in 1..=2 {
        disk.fill();
        watched.assert_outage(outage, "No space left on device");
        let old = fleet.heartbeat("coder0").expect("the last complete heartbeat stays");
        assert_eq!(old["status"], "ok");
        disk.free();
        watched.assert_healthy();
    }
    assert_eq!(watched.log.lines().len(), 2);
    watched.end();
}

#[test]
fn a_read_only_disk_is_logged_once_and_does_not_harm_the_agent() {
    if !is_root_or_skip("a mount of its own") {
        return;
    }
    let fleet = Fleet::new();
    let watched = Watched::start(&fleet);
    for outage in 1..=2 {
        watched.set_read_only(true);
        watched.assert_outage(outage, "Read-only file system");
        watched.set_read_only(false);
        watched.assert_healthy();
    }
    watched.end();
}

#[test]
fn an_exit_during_an_outage_still_sets_the_exit_code() {
    if !is_root_or_skip("a mount of its own") {
        return;
    }
    let fleet = Fleet::new();
    let mut watched = Watched::start(&fleet);
    watched.set_read_only(true);
    watched.assert_outage(1, "Read-only file system");
    watched.pane.exit(7);
    assert_eq!(watched.child.wait().unwrap().code(), Some(7));
    assert_eq!(fleet.sessions(), [""; 0]);
}

#[test]
fn an_agent_starts_on_a_full_disk_and_heartbeats_begin_with_free_space() {
    if !is_root_or_skip("a disk of its own") {
        return;
    }
    let fleet = Fleet::new();
    let disk = SmallDisk::mount(fleet.run_directory());
    disk.fill();
    fleet.launch("coder0").command(fleet.agent_command("coder0")).interval(INTERVAL).succeed();
    assert_eq!(fleet.heartbeat("coder0"), None);
    let pane = fleet.pane("coder0");
    disk.free();
    let beat = fleet.wait_heartbeat("coder0", |beat| beat["status"] == "ok");
    assert_eq!(beat["pid"], pane.pid().to_string());
}

#[test]
fn a_start_on_a_read_only_disk_fails_with_the_reason() {
    if !is_root_or_skip("a disk of its own") {
        return;
    }
    let fleet = Fleet::new();
    let disk = SmallDisk::mount(fleet.run_directory());
    disk.make_read_only();
    let output = fleet.launch("coder0").command(fleet.agent_command("coder0")).output();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(74), "{stderr}");
    assert!(stderr.contains("Read-only file system") && stderr.contains("MOSAIC_HEARTBEAT_RUN_DIR"), "{stderr}");
    assert_eq!(fleet.processes(), [0; 0]);
}

/// Renames the directory first: while it is emptied file by file, the sidecar would write into it again.
fn delete(directory: &Path) {
    let away = directory.with_file_name("away");
    std::fs::rename(directory, &away).unwrap();
    // A heartbeat in progress may still create a file in it.
    let deadline = Deadline::default();
    while let Err(error) = std::fs::remove_dir_all(&away) {
        assert!(!deadline.passed() && error.kind() == std::io::ErrorKind::DirectoryNotEmpty, "{error}");
    }
}

/// Exchanges two paths in one step: otherwise the sidecar would create the missing one in between.
fn exchange(one: &Path, other: &Path) {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}

#[test]
fn a_deleted_run_directory_is_created_again_with_mode_0700() {
    let fleet = Fleet::new();
    let watched = Watched::start(&fleet);
    for _ in 0..3 {
        delete(fleet.run_directory());
        watched.assert_healthy();
        assert_eq!(mode(fleet.run_directory()), 0o700);
    }
    assert_eq!(watched.log.lines(), [""; 0], "a deleted run directory is not an outage");
    watched.end();
}

#[test]
fn heartbeats_follow_a_replaced_run_directory() {
    let fleet = Fleet::new();
    let watched = Watched::start(&fleet);
    let run = fleet.run_directory();
    let aside = run.with_file_name("aside");
    std::fs::DirBuilder::new().mode(0o700).create(&aside).unwrap();
    exchange(&aside, run);
    watched.assert_healthy();
    // The installer replaces the run directory with a link to a tmpfs.
    let elsewhere = fleet.runtime_directory().join("mosaic");
    std::fs::DirBuilder::new().mode(0o700).create(&elsewhere).unwrap();
    let link = run.with_file_name("link");
    symlink(&elsewhere, &link).unwrap();
    exchange(&link, run);
    watched.assert_healthy();
    assert!(elsewhere.join("coder0.hb").is_file());
    // The lock is in the new directory: a start finds it and starts no second sidecar.
    let stdout = fleet.launch("coder0").command("exec sleep 1000").succeed();
    assert!(stdout.contains("already running"), "{stdout}");
    assert_eq!(fleet.processes_named("agent-sidecar"), [watched.child.id()]);
    watched.end();
}

#[test]
fn a_run_directory_that_cannot_be_created_is_logged_once() {
    let fleet = Fleet::new();
    let watched = Watched::start(&fleet);
    let parent = fleet.run_directory().parent().unwrap();
    let aside = parent.with_file_name("aside");
    std::fs::write(&aside, "in the way").unwrap();
    for outage in 1..=2 {
        exchange(&aside, parent);
        watched.assert_outage(outage, "Not a directory");
        exchange(&aside, parent);
        watched.assert_healthy();
    }
    watched.end();
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn heartbeats_have_the_format_of_existing_readers_and_are_private() {
    let fleet = Fleet::new();
    fleet.launch("coder0").command(fleet.agent_command("coder0")).succeed();
    let text = fleet.heartbeat_file("coder0").text().unwrap();
    let lines: Vec<&str> = text.lines().take(3).collect();
    let [time, pid, status] = lines.as_slice() else { panic!("{text}") };
    // The bash readers parse the time with `date -d`.
    let time = time.strip_prefix("ts=").unwrap();
    assert!(time.ends_with("+00:00") && time.len() == "2026-11-20T14:58:08+00:00".len(), "{time}");
    let seconds = fleet.command("date").args(["-d", time, "+%s"]).output().unwrap();
    let seconds: u64 = String::from_utf8(seconds.stdout).unwrap().trim().parse().unwrap();
    let modified = std::fs::metadata(fleet.heartbeat_path("coder0")).unwrap().modified().unwrap();
    let modified = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(seconds.abs_diff(modified) <= 1, "{seconds} {modified}");
    assert_eq!(*pid, format!("pid={}", fleet.pane("coder0").pid()));
    assert_eq!(*status, "status=ok");
    assert_eq!(mode(fleet.run_directory()), 0o700);
    for file in std::fs::read_dir(fleet.run_directory()).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn heartbeats_of_agents_started_together_are_spread() {
    const SECONDS: f64 = 2.0;
    let fleet = Fleet::new();
    let names: Vec<String> = (0..12).map(|number| format!("agent{number}")).collect();
    let launches = names.iter().map(|name| fleet.launch(name).command("exec sleep 1000").interval("2").begin());
    for launched in launches.collect::<Vec<_>>() {
        assert!(launched.finish(Deadline::default()).status.success());
    }
    let time = |beat: &std::collections::BTreeMap<String, String>| beat["mono"].parse::<f64>().unwrap();
    // The time from an agent's first heartbeat to its regular ones, as a fraction of the interval. Agents that
    // already wrote their second heartbeat are left out; with two seconds these are few.
    let first: Vec<_> = names.iter().map(|name| (name, fleet.heartbeat(name).unwrap())).collect();
    let phases: Vec<f64> = first
        .iter()
        .filter(|(_, beat)| beat["seq"] == "1")
        .map(|(name, beat)| {
            let next = fleet.wait_heartbeat(name, |beat| beat["seq"] != "1");
            ((time(&next) - time(beat)) / SECONDS).fract()
        })
        .collect();
    // On a circle, on which 0.99 is close to 0. Load on the machine only increases the spread.
    let apart = |one: f64, other: f64| (one - other).abs().min(1.0 - (one - other).abs());
    assert!(phases.iter().any(|phase| apart(*phase, phases[0]) > 0.05), "{phases:?}");
}
