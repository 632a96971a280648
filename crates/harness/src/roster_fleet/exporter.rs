use super::RosterFleet;
use crate::ExporterProcess;

impl RosterFleet {
    /// An exporter of this fleet, as it is installed, beside the manager.
    #[must_use]
    pub fn exporter(&self, flags: &[&str]) -> ExporterProcess {
        let program = self.units.fleet().mosaic_home().join("tools/fleet/mosaic-fleet-exporter");
        let mut command = self.units.manager().command(program);
        command.args(flags);
        ExporterProcess::start(command)
    }
}
