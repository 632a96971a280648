//! What a demo may have left behind.

use mosaic_harness::{Fleet, UserManager};

/// Where the harness keeps the exporter of its manager off the usual port.
const OF_THE_HARNESS: &str = "mosaic-fleet-exporter.socket.d";

/// Everything that demos of this fleet have left: processes, and what is in their directories.
pub(crate) fn left_behind(fleet: &Fleet) -> Vec<String> {
    let of_a_demo = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(12).any(|window| window == b"mosaic-demo-")
    };
    let name =
        |pid: u32| format!("{pid} {}", std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default());
    let processes = fleet.processes().into_iter().filter(of_a_demo).map(name);
    // The manager has a directory `run/systemd` of its own, and what the harness says to it is in there;
    // without one there is nothing.
    let directories = ["t", "run/systemd/user", "tmux", "home/.config/mosaic"].into_iter().flat_map(|below| {
        let entries = std::fs::read_dir(fleet.root().join(below)).into_iter().flatten().flatten();
        let entries = entries.filter(|entry| entry.file_name() != OF_THE_HARNESS);
        entries.map(|entry| entry.path().display().to_string()).collect::<Vec<_>>()
    });
    let made = fleet.root().join("run/systemd/user");
    let made = (made.exists() && !made.join(OF_THE_HARNESS).exists()).then(|| made.display().to_string());
    processes.chain(directories).chain(made).collect()
}

/// What is wanted.
pub(crate) fn nothing() -> Vec<String> {
    Vec::new()
}

/// The manager knows no unit of a demo.
pub(crate) fn assert_no_units(manager: &UserManager) {
    for list in ["list-units", "list-unit-files"] {
        // Of files that are not there one of the two says so by its exit code, too.
        let output = manager.systemctl(&[list, "--all", "--no-legend", "--plain", "mosaic-demo*"]);
        assert_eq!((output.stdout, output.stderr), (Vec::new(), Vec::new()), "{list}");
    }
}
