//! What a demo has left behind.

use mosaic_harness::{Fleet, UserManager};

/// A drop-in of the harness, which moves the exporter off its usual port.
const OF_THE_HARNESS: &str = "mosaic-fleet-exporter.socket.d";

/// The processes and files that demos of this fleet have left.
pub(crate) fn left_behind(fleet: &Fleet) -> Vec<String> {
    let of_a_demo = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(12).any(|window| window == b"mosaic-demo-")
    };
    let name =
        |pid: u32| format!("{pid} {}", std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default());
    let processes = fleet.processes().into_iter().filter(of_a_demo).map(name);
    // `run/systemd` exists only with a manager, and has the drop-in of the harness.
    let directories = ["t", "run/systemd/user", "tmux", "home/.config/mosaic"].into_iter().flat_map(|below| {
        let entries = std::fs::read_dir(fleet.root().join(below)).into_iter().flatten().flatten();
        let entries = entries.filter(|entry| entry.file_name() != OF_THE_HARNESS);
        entries.map(|entry| entry.path().display().to_string()).collect::<Vec<_>>()
    });
    let made = fleet.root().join("run/systemd/user");
    let made = (made.exists() && !made.join(OF_THE_HARNESS).exists()).then(|| made.display().to_string());
    processes.chain(directories).chain(made).collect()
}

/// The expected result of [`left_behind`].
pub(crate) fn nothing() -> Vec<String> {
    Vec::new()
}

/// Asserts that the manager has no unit of a demo.
pub(crate) fn assert_no_units(manager: &UserManager) {
    for list in ["list-units", "list-unit-files"] {
        // The exit code differs between the two if there are no units.
        let output = manager.systemctl(&[list, "--all", "--no-legend", "--plain", "mosaic-demo*"]);
        assert_eq!((output.stdout, output.stderr), (Vec::new(), Vec::new()), "{list}");
    }
}
