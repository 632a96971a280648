use std::io::Write;
use std::process::{Child, Command, Stdio};

/// A PID namespace with a `/proc` of its own, in which the next PID can be chosen.
///
/// The test runs itself again in it, as the first process: [`PidNamespace::run`] is what it begins
/// with.
#[derive(Debug)]
pub struct PidNamespace;

/// Set in the second run.
const INSIDE: &str = "MOSAIC_TEST_IN_A_PID_NAMESPACE";

impl PidNamespace {
    /// Runs `body` inside, in another process; `test` is the name of the test that calls this.
    ///
    /// Where no such namespace is to be had the test is skipped, loudly; where `CI` is set, that is a
    /// failure.
    pub fn run(test: &str, body: impl FnOnce(&Self)) {
        if std::env::var_os(INSIDE).is_some() {
            return body(&Self);
        }
        let probe = unshare().args(["sh", "-c", "echo 99 > /proc/sys/kernel/ns_last_pid"]).output();
        let probe = probe.expect("run unshare");
        if !probe.status.success() {
            let why = String::from_utf8_lossy(&probe.stderr);
            let notice = format!("SKIPPED: {test} needs a PID namespace: {}", why.trim());
            assert!(std::env::var_os("CI").is_none(), "{notice}");
            // Not by a macro: the test runner would keep that to itself.
            let _ = writeln!(std::io::stderr(), "{notice}");
            return;
        }
        let this = std::env::current_exe().expect("this program");
        let mut again = unshare();
        again.arg(this).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
        let output = again.output().expect("run unshare");
        let said = String::from_utf8_lossy(&output.stdout);
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("1 passed"), "inside: {said}\n{complained}");
    }

    /// Starts a shell script that gets exactly this PID, which must be free.
    #[must_use]
    pub fn spawn_as(&self, pid: u32, script: &str) -> Child {
        // Threads get numbers too, so somebody may be faster.
        for _ in 0..1000 {
            let last = (pid - 1).to_string();
            std::fs::write("/proc/sys/kernel/ns_last_pid", last).expect("choose the next PID");
            let mut shell = Command::new("sh");
            shell.args(["-c", script]).env_clear().env("PATH", "/usr/bin:/bin");
            let mut child = shell.stdin(Stdio::null()).spawn().expect("start a shell");
            if child.id() == pid {
                return child;
            }
            child.kill().expect("kill the wrong one");
            child.wait().expect("wait for the wrong one");
        }
        panic!("nobody gets the PID {pid}: is it free?");
    }
}

fn unshare() -> Command {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]).stdin(Stdio::null());
    command
}
