//! Two fleets of two users, one of which reaches the other by ssh.

use mosaic_harness::{Binaries, Fleet, OutboxDirectory, TuiAgent, is_root_or_skip, required_program};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Belongs to no user: between the ranges that systemd and distributions use.
const UID: u32 = 47111;

/// The destination for ssh: the other user, on a host of any name.
pub(crate) const THERE: &str = "mf-remote@there";

/// The sending fleet and the receiving one, with the ssh configuration between them.
pub(crate) struct OtherHost {
    pub(crate) here: Fleet,
    pub(crate) there: Fleet,
}

impl OtherHost {
    /// `None` with a notice if the host cannot provide this.
    pub(crate) fn or_skip() -> Option<Self> {
        if !is_root_or_skip("an sshd that lets another user in") {
            return None;
        }
        required_program("ssh").and(required_program("sshd"))?;
        let host = Self { here: Fleet::new(), there: Fleet::builder().owner(UID, UID).build() };
        host.make_keys();
        host.make_server();
        host.make_client();
        host.install();
        Some(host)
    }

    fn make_keys(&self) {
        for name in ["host_key", "user_key"] {
            let mut command = Command::new("ssh-keygen");
            command.args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(self.here.root().join(name));
            assert!(command.status().unwrap().success(), "ssh-keygen");
        }
        std::fs::copy(self.here.root().join("user_key.pub"), self.there.root().join("authorized_keys")).unwrap();
        let host_key = std::fs::read_to_string(self.here.root().join("host_key.pub")).unwrap();
        std::fs::write(self.here.root().join("known_hosts"), format!("there {host_key}")).unwrap();
    }

    /// Runs one sshd per connection on standard input, without a port or a service. A private mount namespace adds
    /// the user to /etc/passwd.
    fn make_server(&self) {
        let (here, there) = (self.here.root().display(), self.there.root().display());
        let environment = |name: &str| format!("{name}={}", self.there.environment()[name]);
        let config = format!(
            "HostKey {here}/host_key\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n\
             AuthorizedKeysFile {there}/authorized_keys\nLogLevel ERROR\nSetEnv {} {} LANG=C.UTF-8\n",
            environment("TMUX_TMPDIR"),
            environment("XDG_RUNTIME_DIR"),
        );
        std::fs::write(self.here.root().join("sshd_config"), config).unwrap();
        let users = std::fs::read_to_string("/etc/passwd").unwrap();
        let home = self.there.home().display();
        let user = format!("mf-remote:x:{UID}:{UID}::{home}:/bin/sh\n");
        std::fs::write(self.here.root().join("passwd"), users + &user).unwrap();
        let inside = format!(
            "mount --bind {here}/passwd /etc/passwd && mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sshd && \
             exec /usr/sbin/sshd -i -f {here}/sshd_config"
        );
        let script = format!("#!/bin/sh\nexec unshare --mount --propagation private sh -c '{inside}'\n");
        self.here.install_script(&self.here.root().join("server"), &script);
    }

    fn make_client(&self) {
        let here = self.here.root().display();
        let config = format!(
            "Host nowhere\n  ProxyCommand false\n\nHost *\n  ProxyCommand {here}/server\n  IdentityFile {here}/user_key\n\
             \x20 IdentitiesOnly yes\n  BatchMode yes\n  LogLevel ERROR\n  HostKeyAlias there\n\
             \x20 UserKnownHostsFile {here}/known_hosts\n  GlobalKnownHostsFile /dev/null\n"
        );
        std::fs::write(self.here.root().join("ssh_config"), config).unwrap();
    }

    /// Installs the product for the other user, outside the login's PATH, with one agent in the roster.
    fn install(&self) {
        let programs = self.there.install_programs();
        let link = self.there.home().join(".local/bin/mosaic");
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(programs.with_file_name("mosaic"), link).unwrap();
        let directory = self.there.mosaic_home().join("fleet");
        std::fs::create_dir_all(&directory).unwrap();
        let roster = format!(
            "version: 1\ntransport: tmux\ntmux:\n  socket_name: {}\nruntimes:\n  {runtime}: {{ command: none }}\n\
             agents:\n  - {{ name: coder0, runtime: {runtime}, class: implementer }}\n",
            self.there.tmux_socket(),
            runtime = TuiAgent::RUNTIME
        );
        std::fs::write(directory.join("roster.yaml"), roster).unwrap();
    }

    /// The other user's agent, not yet started.
    pub(crate) fn agent(&self) -> TuiAgent<'_> {
        TuiAgent::new(&self.there, "coder0")
    }

    pub(crate) fn start(&self, agent: &TuiAgent<'_>, flags: &str) {
        let program = self.there.root().join("programs/start-agent-session");
        let launch = self.there.launch("coder0").program(program).command(agent.command(flags));
        launch.interval("0.2").succeed();
    }

    pub(crate) fn outbox(&self) -> OutboxDirectory {
        OutboxDirectory::new(&self.there, "coder0")
    }

    /// `mosaic agent send coder0` to a host, with further arguments.
    pub(crate) fn command(&self, host: &str, words: &[&str]) -> Command {
        let ssh = format!("ssh -F {}", self.here.root().join("ssh_config").display());
        let mut command = self.here.command(Binaries::mosaic());
        command.env("MOSAIC_SSH", ssh).args(["agent", "send", "coder0"]).arg(format!("--host={host}")).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Begins to send this text through standard input.
    pub(crate) fn begin(&self, text: &str, words: &[&str]) -> Child {
        let mut child = self.command(THERE, words).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        child
    }

    pub(crate) fn send(&self, text: &str, words: &[&str]) -> Output {
        self.begin(text, words).wait_with_output().unwrap()
    }
}

/// The single receipt of the JSON output.
pub(crate) fn receipt(output: &Output) -> Value {
    let receipts: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    receipts["receipts"][0].clone()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The command lines of all processes on this machine.
pub(crate) fn command_lines() -> Vec<Vec<u8>> {
    let processes = std::fs::read_dir(Path::new("/proc")).unwrap().flatten();
    processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok()).collect()
}
