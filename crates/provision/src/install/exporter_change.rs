//! What an install means for an exporter that runs: pure.

use std::collections::BTreeSet;

use systemd::UnitName;

use super::WantedFile;
use crate::Step;

/// What is new of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ExporterChange {
    /// The program, or its unit.
    pub(super) service: bool,
    /// Where it is asked.
    pub(super) socket: bool,
}

impl ExporterChange {
    /// Takes note of a file that was looked at.
    pub(super) fn note(&mut self, changed: bool, file: &WantedFile) {
        self.service |= changed && file.path.ends_with(UnitName::exporter().as_str());
        self.socket |= changed && file.path.ends_with(UnitName::exporter_socket().as_str());
    }

    /// What to do once the manager has read the units. The program is only ended: whoever asks next starts
    /// the new one, and until then waits at the socket. A socket lets go of its address only without it.
    pub(super) fn steps(self, running: &BTreeSet<UnitName>) -> Vec<Step> {
        let (service, socket) = (UnitName::exporter(), UnitName::exporter_socket());
        let ended: Vec<UnitName> = [(self.service || self.socket, service), (self.socket, socket.clone())]
            .into_iter()
            .filter_map(|(changed, unit)| (changed && running.contains(&unit)).then_some(unit))
            .collect();
        let starts = !running.contains(&socket) || ended.contains(&socket);
        let end = (!ended.is_empty()).then_some(Step::Stop(ended));
        end.into_iter().chain(starts.then_some(Step::Start(vec![socket]))).collect()
    }
}
