use super::UserManager;
use crate::fleet::give;
use crate::{Binaries, CgroupTree, Deadline};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Units: installing them, and looking at them.
impl UserManager {
    /// The directory of the user's own units.
    #[must_use]
    pub fn unit_directory(&self) -> PathBuf {
        self.paths.home.join(".config/systemd/user")
    }

    /// Installs the product as its installer would: its units and its programs, and the
    /// controllable agent beside them.
    pub fn install_units(&self) {
        let tools = self.paths.mosaic_home.join("tools/fleet");
        fs::create_dir_all(&tools).expect("make the directory of the tools");
        let product = Binaries::PRODUCT.map(Binaries::product);
        for program in product.iter().chain([&Binaries::test_agent()]) {
            let name = program.file_name().expect("a program has a name");
            let installed = tools.join(name);
            let _ = fs::remove_file(&installed);
            // A link shares its owner with the build, so only a copy can be given away.
            if self.owner.is_some() || fs::hard_link(program, &installed).is_err() {
                fs::copy(program, &installed).expect("copy a program");
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

    /// Changes a unit by `UNIT.d/NAME.conf`.
    pub fn drop_in(&self, unit: &str, name: &str, text: &str) {
        let directory = self.unit_directory().join(format!("{unit}.d"));
        self.write(&directory.join(format!("{name}.conf")), text);
        self.systemctl_ok(&["daemon-reload"]);
    }

    /// `systemctl is-active`: `active`, `activating`, `inactive`, `failed`, …
    #[must_use]
    pub fn is_active(&self, unit: &str) -> String {
        let output = self.systemctl(&["is-active", unit]);
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// One property of a unit.
    #[must_use]
    pub fn show(&self, unit: &str, property: &str) -> String {
        self.systemctl_ok(&["show", "--value", "--property", property, unit])
    }

    /// Waits until a unit is in a state; panics with its status and its log.
    pub fn wait_active(&self, unit: &str, state: &str) {
        self.wait_property(unit, "ActiveState", state);
    }

    /// Waits until a property of a unit has a value; panics with its status and its log.
    pub fn wait_property(&self, unit: &str, property: &str, value: &str) {
        let deadline = Deadline::default();
        while self.show(unit, property) != value {
            if deadline.passed() {
                let status = self.systemctl(&["status", "--full", unit]);
                panic!(
                    "{unit} does not come to {property}={value}: {}\n{:#?}",
                    String::from_utf8_lossy(&status.stdout),
                    self.journal_messages(&["--user", "--unit", unit])
                );
            }
            // The one poll of the harness: the manager sends its signals only to a connection that
            // subscribed and stays, and no command-line tool does both.
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Where the exporter's socket is, once it is installed. Its port is the machine's, which all fleets
    /// and tests share.
    #[must_use]
    pub fn exporter_socket(&self) -> PathBuf {
        self.paths.runtime.join("exporter.sock")
    }

    /// Sees to that, among what is gone with the next boot: what a test finds in the home is the product's.
    pub(super) fn redirect_exporter_socket(&self) {
        let directory = self.paths.runtime.join("systemd/user/mosaic-fleet-exporter.socket.d");
        let text = format!("[Socket]\nListenStream=\nListenStream={}\n", self.exporter_socket().display());
        fs::create_dir_all(&directory).expect("make a directory of units");
        fs::write(directory.join("test.conf"), text).expect("write a drop-in");
        give(&self.paths.runtime, self.owner);
    }

    /// The control group of a unit, as the manager names it; empty when it has none.
    #[must_use]
    pub fn cgroup_of(&self, unit: &str) -> String {
        self.show(unit, "ControlGroup")
    }

    /// Every process in the control group of a unit.
    #[must_use]
    pub fn processes_of(&self, unit: &str) -> Vec<u32> {
        let group = self.cgroup_of(unit);
        match group.strip_prefix('/') {
            Some(group) => CgroupTree::top().child(group).processes(),
            None => Vec::new(),
        }
    }

    /// Everything above a file of the user's is the user's, as if he had written it.
    fn write(&self, path: &Path, text: &str) {
        let directory = path.parent().expect("a unit is in a directory");
        fs::create_dir_all(directory).expect("make a directory of units");
        fs::write(path, text).expect("write a unit");
        give(&self.paths.home, self.owner);
    }
}
