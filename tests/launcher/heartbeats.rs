//! Heartbeats: what today's readers find in them, and how they come through every trouble with the
//! disk without harm to the agent.

use mosaic_harness::{Binaries, Deadline, Fleet, LogFile, PaneProcess, ProcessWatch, SmallDisk, is_root_or_skip};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Stdio};

const INTERVAL: &str = "0.02";

/// An agent whose sidecar writes its log where the test can count the lines.
struct Watched<'fleet> {
    fleet: &'fleet Fleet,
    child: Child,
    log: LogFile,
    pane: PaneProcess,
}

impl<'fleet> Watched<'fleet> {
    /// The sidecar logs to journald's socket and, where there is none, to standard error. So it runs
    /// in the foreground, its standard error in a file, in a mount namespace in which no journald's
    /// socket is to be seen. Mounts made before are in that namespace too.
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

    /// Lays a read-only view of the run directory over it, in the sidecar's namespace, or takes it
    /// away again. A disk that turns read-only by an error looks so; to remount one is refused while
    /// the sidecar has its lock open.
    fn set_read_only(&self, read_only: bool) {
        // Made elsewhere, where nobody writes, and so read-only from the first moment.
        const LAY: &str = "mkdir -p $1 && mount --bind $0 $1 && mount -o remount,ro,bind $1 && mount --bind $1 $0";
        let script = if read_only { LAY } else { "umount -l $0 && umount $1" };
        let mut command = self.fleet.command("nsenter");
        command.args(["--mount", "--target", &self.child.id().to_string(), "sh", "-c", script]);
        command.arg(self.fleet.run_directory()).arg(self.fleet.root().join("view"));
        assert!(command.status().unwrap().success(), "{script}");
    }

    /// It beats, it is the same process as ever, and the agent does not know of anything.
    fn is_well(&self) {
        let now = self.fleet.heartbeat("coder0").map_or(0, |beat| beat["seq"].parse().unwrap());
        let later = |seq: &str| seq.parse::<u64>().unwrap() > now + 2;
        let beat = self.fleet.wait_heartbeat("coder0", |beat| later(&beat["seq"]));
        assert_eq!((beat["status"].as_str(), beat["gen"].as_str()), ("ok", "1"));
        assert_eq!(beat["sidecar"], self.child.id().to_string());
        assert_eq!(beat["pid"], self.pane.pid().to_string());
        self.is_unharmed();
        let is_litter = |name: &str| !["coder0.hb", ".coder0.lock", ".coder0.hb.new"].contains(&name);
        let files = std::fs::read_dir(self.fleet.run_directory()).unwrap();
        let litter: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        assert!(!litter.iter().any(|name| is_litter(name)), "{litter:?}");
    }

    fn is_unharmed(&self) {
        self.pane.print("still here\n");
        assert!(!self.pane.process().is_dead());
        assert_eq!(self.fleet.sessions(), ["coder0"]);
    }

    /// An outage is logged, once, however many beats cannot be written.
    fn outage(&self, number: usize, word: &str) {
        let lines = self.log.wait_lines(number);
        let said = lines.last().unwrap();
        assert!(said.contains("cannot write the heartbeat") && said.contains(word), "{said}");
        self.sidecar().wait_wake_ups(10);
        assert_eq!(self.log.lines().len(), number, "{:#?}", self.log.lines());
        self.is_unharmed();
    }

    /// Its end is on disk, too.
    fn end(mut self) {
        self.pane.exit(7);
        assert_eq!(self.child.wait().unwrap().code(), Some(7));
        assert_eq!(self.fleet.heartbeat("coder0").unwrap()["exit"], "code:7");
    }
}

#[test]
fn a_full_disk_is_one_line_in_the_log_and_harms_nobody() {
    if !is_root_or_skip("a disk of its own") {
        return;
    }
    let fleet = Fleet::new();
    let disk = SmallDisk::mount(fleet.run_directory());
    let watched = Watched::start(&fleet);
    for outage in 1..=2 {
        disk.fill();
        watched.outage(outage, "No space left on device");
        let old = fleet.heartbeat("coder0").expect("the last that could be written stays, whole");
        assert_eq!(old["status"], "ok");
        disk.free();
        watched.is_well();
    }
    assert_eq!(watched.log.lines().len(), 2);
    watched.end();
}

#[test]
fn a_disk_that_becomes_read_only_is_one_line_in_the_log_and_harms_nobody() {
    if !is_root_or_skip("a mount of its own") {
        return;
    }
    let fleet = Fleet::new();
    let watched = Watched::start(&fleet);
    for outage in 1..=2 {
        watched.set_read_only(true);
        watched.outage(outage, "Read-only file system");
        watched.set_read_only(false);
        watched.is_well();
    }
    watched.end();
}

#[test]
fn an_agent_that_ends_during_an_outage_is_told_by_its_exit_code_all_the_same() {
    if !is_root_or_skip("a mount of its own") {
        return;
    }
    let fleet = Fleet::new();
    let mut watched = Watched::start(&fleet);
    watched.set_read_only(true);
    watched.outage(1, "Read-only file system");
    watched.pane.exit(7);
    assert_eq!(watched.child.wait().unwrap().code(), Some(7));
    assert_eq!(fleet.sessions(), [""; 0]);
}

#[test]
fn an_agent_is_started_on_a_full_disk_and_beats_once_there_is_space() {
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
fn an_agent_is_not_started_on_a_read_only_disk_and_what_is_in_the_way_is_said() {
    if !is_root_or_skip("a disk of its own") {
        return;
    }
    let fleet = Fleet::new();
    let disk = SmallDisk::mount(fleet.run_directory());
    disk.make_read_only();
    let output = fleet.launch("coder0").command(fleet.agent_command("coder0")).output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert!(said.contains("Read-only file system") && said.contains("MOSAIC_HEARTBEAT_RUN_DIR"), "{said}");
    assert_eq!(fleet.processes(), [0; 0]);
}

/// Away in one step: emptied file by file, it would be filled again meanwhile.
fn delete(directory: &Path) {
    let away = directory.with_file_name("away");
    std::fs::rename(directory, &away).unwrap();
    // A beat that was under way may still put a file there.
    let deadline = Deadline::default();
    while let Err(error) = std::fs::remove_dir_all(&away) {
        assert!(!deadline.passed() && error.kind() == std::io::ErrorKind::DirectoryNotEmpty, "{error}");
    }
}

/// Each takes the other's place, in one step: in between, the sidecar would make what it misses.
fn exchange(one: &Path, other: &Path) {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}

#[test]
fn a_run_directory_that_is_deleted_is_made_again_as_private_as_before() {
    let fleet = Fleet::new();
    let watched = Watched::start(&fleet);
    for _ in 0..3 {
        delete(fleet.run_directory());
        watched.is_well();
        assert_eq!(mode(fleet.run_directory()), 0o700);
    }
    assert_eq!(watched.log.lines(), [""; 0], "it was no outage");
    watched.end();
}

#[test]
fn a_run_directory_that_is_replaced_is_written_to_from_then_on() {
    let fleet = Fleet::new();
    let watched = Watched::start(&fleet);
    let run = fleet.run_directory();
    let aside = run.with_file_name("aside");
    std::fs::DirBuilder::new().mode(0o700).create(&aside).unwrap();
    exchange(&aside, run);
    watched.is_well();
    // As the installer leads it to a tmpfs.
    let elsewhere = fleet.runtime_directory().join("mosaic");
    std::fs::DirBuilder::new().mode(0o700).create(&elsewhere).unwrap();
    let link = run.with_file_name("link");
    symlink(&elsewhere, &link).unwrap();
    exchange(&link, run);
    watched.is_well();
    assert!(elsewhere.join("coder0.hb").is_file());
    // Its lock went along: a start finds it, and leaves no second sidecar.
    let said = fleet.launch("coder0").command("exec sleep 1000").succeed();
    assert!(said.contains("already running"), "{said}");
    assert_eq!(fleet.processes_named("agent-sidecar"), [watched.child.id()]);
    watched.end();
}

#[test]
fn a_run_directory_that_cannot_be_made_again_is_one_line_in_the_log() {
    let fleet = Fleet::new();
    let watched = Watched::start(&fleet);
    let parent = fleet.run_directory().parent().unwrap();
    let aside = parent.with_file_name("aside");
    std::fs::write(&aside, "in the way").unwrap();
    for outage in 1..=2 {
        exchange(&aside, parent);
        watched.outage(outage, "Not a directory");
        exchange(&aside, parent);
        watched.is_well();
    }
    watched.end();
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn heartbeats_are_as_todays_readers_know_them_and_nobody_elses_to_read() {
    let fleet = Fleet::new();
    fleet.launch("coder0").command(fleet.agent_command("coder0")).succeed();
    let text = fleet.heartbeat_file("coder0").text().unwrap();
    let lines: Vec<&str> = text.lines().take(3).collect();
    let [time, pid, status] = lines.as_slice() else { panic!("{text}") };
    // `date -d` is what the bash readers take the time apart with.
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
fn a_fleet_that_is_started_at_once_does_not_beat_in_step() {
    const SECONDS: f64 = 2.0;
    let fleet = Fleet::new();
    let names: Vec<String> = (0..12).map(|number| format!("agent{number}")).collect();
    let launches = names.iter().map(|name| fleet.launch(name).command("exec sleep 1000").interval("2").begin());
    for launched in launches.collect::<Vec<_>>() {
        assert!(launched.finish(Deadline::default()).status.success());
    }
    let time = |beat: &std::collections::BTreeMap<String, String>| beat["mono"].parse::<f64>().unwrap();
    // How long after an agent's first beat its regular ones come, in parts of the interval. One that
    // had its second beat already says nothing, and with two seconds it is the odd one.
    let first: Vec<_> = names.iter().map(|name| (name, fleet.heartbeat(name).unwrap())).collect();
    let phases: Vec<f64> = first
        .iter()
        .filter(|(_, beat)| beat["seq"] == "1")
        .map(|(name, beat)| {
            let next = fleet.wait_heartbeat(name, |beat| beat["seq"] != "1");
            ((time(&next) - time(beat)) / SECONDS).fract()
        })
        .collect();
    // On a circle, on which 0.99 is close to 0. A busy machine spreads them more, never less.
    let apart = |one: f64, other: f64| (one - other).abs().min(1.0 - (one - other).abs());
    assert!(phases.iter().any(|phase| apart(*phase, phases[0]) > 0.05), "{phases:?}");
}
