//! Debian's `node_exporter` with its systemd collector alone, on the user manager of a stage.

use crate::roster_stage::RosterStage;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};

const PROGRAM: &str = "/usr/bin/prometheus-node-exporter";

/// One that runs; it ends with this value.
#[derive(Debug)]
pub(crate) struct NodeExporter {
    child: Child,
    address: SocketAddr,
}

impl NodeExporter {
    /// # Errors
    /// It is not installed, or does not listen.
    pub(crate) fn start(stage: &RosterStage) -> Result<Self, String> {
        // It asks the system's manager on the system's bus; by this variable that is the user's on the user's.
        let bus = format!("DBUS_SYSTEM_BUS_ADDRESS=unix:path={}/bus", stage.runtime_directory().display());
        let child = stage
            .beside("env")
            .args([&bus, PROGRAM, "--collector.disable-defaults", "--collector.systemd"])
            .args(["--collector.systemd.unit-include=mosaic-agent@.+", "--web.listen-address=127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{PROGRAM}: {error}"))?;
        // From here on it ends with the value.
        let mut exporter = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let said = exporter.child.stderr.take().ok_or("no pipe")?;
        let mut lines = BufReader::new(said).lines().map_while(Result::ok);
        let mut last = String::new();
        let address = lines.by_ref().inspect(|line| last.clone_from(line)).find_map(|line| {
            let address = line.contains("Listening on").then(|| line.rsplit_once("address=")?.1.trim().parse().ok());
            address.flatten()
        });
        exporter.address = address.ok_or_else(|| format!("{PROGRAM} does not listen: {last}"))?;
        // Nobody wants the rest, but it must not wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(exporter)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for NodeExporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
