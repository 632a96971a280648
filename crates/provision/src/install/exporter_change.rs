//! What an install means for an exporter that runs, or that somebody switched off: pure.

use std::collections::BTreeSet;

use mosaic_systemd::UnitName;

use super::switched_off::SwitchedOff;
use super::{Seen, Surroundings, WantedFile};
use crate::{Layout, Step};

/// What is new of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ExporterChange {
    /// The program, or its unit.
    pub(super) service: bool,
    /// Where it is asked.
    pub(super) socket: bool,
    /// Its socket is left alone then.
    pub(super) switched_off: Option<SwitchedOff>,
}

impl ExporterChange {
    /// Before any file is looked at.
    pub(super) fn of(layout: &Layout, seen: &Seen, surroundings: &Surroundings) -> Self {
        let was_enabled = seen.manifest.as_ref().is_some_and(|manifest| manifest.exporter);
        let switched_off = SwitchedOff::of(&UnitName::exporter_socket(), was_enabled, layout, seen, surroundings);
        Self { switched_off, ..Self::default() }
    }

    /// Takes note of a file that was looked at.
    pub(super) fn note(&mut self, changed: bool, file: &WantedFile) {
        self.service |= changed && file.path.ends_with(UnitName::exporter().as_str());
        self.socket |= changed && file.path.ends_with(UnitName::exporter_socket().as_str());
    }

    /// What to do once the manager has read the units. The program is only ended: whoever asks next starts
    /// the new one, and until then waits at the socket. A socket lets go of its address only without it.
    pub(super) fn steps(self, running: &BTreeSet<UnitName>) -> Vec<Step> {
        let (service, socket) = (UnitName::exporter(), UnitName::exporter_socket());
        let listens = running.contains(&socket);
        // While the socket listens, somebody may have started the old program since it was looked for.
        let may_run = listens || running.contains(&service);
        let ended: Vec<UnitName> =
            [(may_run && (self.service || self.socket), service), (listens && self.socket, socket.clone())]
                .into_iter()
                .filter_map(|(ends, unit)| ends.then_some(unit))
                .collect();
        let starts = if listens { self.socket } else { self.switched_off.is_none() };
        let end = (!ended.is_empty()).then_some(Step::Stop(ended));
        end.into_iter().chain(starts.then_some(Step::Start(vec![socket]))).collect()
    }
}
