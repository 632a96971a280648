use super::UserManager;
use crate::fleet::give;
use crate::{Binaries, CgroupTree, Deadline};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Installs and inspects units.
impl UserManager {
    /// The directory of the user's units.
    #[must_use]
    pub fn unit_directory(&self) -> PathBuf {
        self.paths.home.join(".config/systemd/user")
    }

    /// Installs the product's units and programs in the places that its installer uses, and `test-agent` next to them.
    pub fn install_units(&self) {
        let tools = self.paths.mosaic_home.join("tools/fleet");
        fs::create_dir_all(&tools).expect("create the directory of the tools");
        let product = Binaries::PRODUCT.map(Binaries::product);
        for program in product.iter().chain([&Binaries::test_agent()]) {
            let name = program.file_name().expect("a program has a name");
            let installed = tools.join(name);
            let _ = fs::remove_file(&installed);
            // A hard link has the owner of the build, so another owner needs a copy. A child process copies, since a
            // descriptor that another test's fork inherits would make executing the file fail with `ETXTBSY`.
            if self.owner.is_some() || fs::hard_link(program, &installed).is_err() {
                let copied = Command::new("cp").arg(program).arg(&installed).status();
                assert!(copied.expect("run cp").success(), "copy {}", program.display());
            }
        }
        give(&self.paths.home, self.owner);
        self.install_units_from(&Binaries::workspace().join("framework/systemd/user"));
    }

    /// Installs every unit file of a directory.
    pub fn install_units_from(&self, directory: &Path) {
        let entries = fs::read_dir(directory);
        let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        for path in entries.flatten().map(|entry| entry.path()) {
            let kind = path.extension().and_then(|extension| extension.to_str());
            if let Some("service" | "socket" | "timer" | "target" | "slice") = kind {
                let text = fs::read_to_string(&path).expect("read a unit");
                let name = path.file_name().expect("a unit has a name");
                self.write(&self.unit_directory().join(name), &text);
            }
        }
        self.systemctl_ok(&["daemon-reload"]);
    }

    /// Installs one unit.
    pub fn install_unit(&self, unit: &str, text: &str) {
        self.write(&self.unit_directory().join(unit), text);
        self.systemctl_ok(&["daemon-reload"]);
    }

    /// Writes the drop-in `UNIT.d/NAME.conf`.
    pub fn drop_in(&self, unit: &str, name: &str, text: &str) {
        let directory = self.unit_directory().join(format!("{unit}.d"));
        self.write(&directory.join(format!("{name}.conf")), text);
        self.systemctl_ok(&["daemon-reload"]);
    }

    /// Returns the output of `systemctl is-active`: `active`, `activating`, `inactive`, `failed`, …
    #[must_use]
    pub fn is_active(&self, unit: &str) -> String {
        let output = self.systemctl(&["is-active", unit]);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Reads a property of a unit.
    #[must_use]
    pub fn show(&self, unit: &str, property: &str) -> String {
        self.systemctl_ok(&["show", "--value", "--property", property, unit])
    }

    /// Waits until a unit has this `ActiveState`; panics with its status and its journal on timeout.
    pub fn wait_active(&self, unit: &str, state: &str) {
        self.wait_property(unit, "ActiveState", state);
    }

    /// Waits until a property of a unit has a value; panics with its status and its journal on timeout.
    pub fn wait_property(&self, unit: &str, property: &str, value: &str) {
        self.wait_property_matching(unit, property, |found| found == value);
    }

    /// Waits until a property of a unit has a value that `matches`.
    pub fn wait_property_matching(&self, unit: &str, property: &str, matches: impl Fn(&str) -> bool) {
        let deadline = Deadline::default();
        loop {
            let value = self.show(unit, property);
            if matches(&value) {
                return;
            }
            if deadline.passed() {
                let status = self.systemctl(&["status", "--full", unit]);
                panic!(
                    "{unit} stays at {property}={value}: {}\n{:#?}",
                    String::from_utf8_lossy(&status.stdout),
                    self.journal_messages(&["--user", "--unit", unit])
                );
            }
            // The manager signals changes only to a subscribed D-Bus connection, which no command-line tool keeps open,
            // so this polls.
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The socket of the installed exporter. It replaces the default TCP port, which all tests on the machine would
    /// share.
    #[must_use]
    pub fn exporter_socket(&self) -> PathBuf {
        self.paths.runtime.join("exporter.sock")
    }

    /// Writes the drop-in for that socket into the runtime directory, so that the home contains only the product's
    /// files.
    pub(super) fn redirect_exporter_socket(&self) {
        let directory = self.paths.runtime.join("systemd/user/mosaic-fleet-exporter.socket.d");
        let text = format!("[Socket]\nListenStream=\nListenStream={}\n", self.exporter_socket().display());
        fs::create_dir_all(&directory).expect("create a directory of units");
        fs::write(directory.join("test.conf"), text).expect("write a drop-in");
        give(&self.paths.runtime, self.owner);
    }

    /// The control group of a unit according to the manager; empty if the unit has none.
    #[must_use]
    pub fn cgroup_of(&self, unit: &str) -> String {
        self.show(unit, "ControlGroup")
    }

    /// The PIDs in the control group of a unit, sorted.
    #[must_use]
    pub fn processes_of(&self, unit: &str) -> Vec<u32> {
        let group = self.cgroup_of(unit);
        match group.strip_prefix('/') {
            Some(group) => CgroupTree::top().child(group).processes(),
            None => Vec::new(),
        }
    }

    /// Writes a file and gives it and its directories to the fleet's user.
    fn write(&self, path: &Path, text: &str) {
        let directory = path.parent().expect("a unit file has a parent directory");
        fs::create_dir_all(directory).expect("create a directory of units");
        fs::write(path, text).expect("write a unit");
        give(&self.paths.home, self.owner);
    }
}
