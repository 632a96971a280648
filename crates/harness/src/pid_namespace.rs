use std::io::Write;
use std::process::{Child, Command, Stdio};

/// A PID namespace with its own `/proc`, in which a test can choose the next PID.
///
/// A test calls [`PidNamespace::run`] first, which runs the test binary again as the first process of the namespace.
#[derive(Debug)]
pub struct PidNamespace;

/// The environment variable that is set inside the namespace.
const INSIDE: &str = "MOSAIC_TEST_IN_A_PID_NAMESPACE";

impl PidNamespace {
    /// Runs `body` in another process inside the namespace; `test` is the full name of the calling test.
    ///
    /// If this machine allows no such namespace, the test prints a skip notice and returns. If `CI` is set, that is a
    /// panic.
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
            // libtest captures the output of `eprintln!`, but not this.
            let _ = writeln!(std::io::stderr(), "{notice}");
            return;
        }
        let this = std::env::current_exe().expect("the path of the test binary");
        let mut again = unshare();
        again.arg(this).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
        let output = again.output().expect("run unshare");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && stdout.contains("1 passed"), "inside the namespace: {stdout}\n{stderr}");
    }

    /// Starts a shell script with this PID, which must be free.
    #[must_use]
    pub fn spawn_as(&self, pid: u32, script: &str) -> Child {
        // Threads use the same numbers, so another thread may take the PID first.
        for _ in 0..1000 {
            let last = (pid - 1).to_string();
            std::fs::write("/proc/sys/kernel/ns_last_pid", last).expect("set the next PID");
            let mut shell = Command::new("sh");
            shell.args(["-c", script]).env_clear().env("PATH", "/usr/bin:/bin");
            let mut child = shell.stdin(Stdio::null()).spawn().expect("start a shell");
            if child.id() == pid {
                return child;
            }
            child.kill().expect("kill the shell with the wrong PID");
            child.wait().expect("wait for the shell with the wrong PID");
        }
        panic!("no process gets the PID {pid}; check that it is free");
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
