//! What starts at boot, and what of it starts now: pure.

use mosaic_systemd::{Linger, UnitName};

use super::draft::Draft;
use super::exporter_change::ExporterChange;
use super::outbox_change::OutboxChange;
use super::switched_off::SwitchedOff;
use super::{Surroundings, Wanted};
use crate::Step;

impl Draft<'_> {
    pub(super) fn start_at_boot(
        &mut self,
        wanted: &Wanted,
        surroundings: &Surroundings,
        units_changed: bool,
        exporter: ExporterChange,
        outbox: OutboxChange,
    ) {
        if let Some(why) = &surroundings.no_manager {
            self.notes.push(format!(
                "no unit is enabled, because there is no user manager here ({why}): \
                 `mosaic fleet start` starts agents directly"
            ));
            return;
        }
        let (there, socket, timer) = (&surroundings.enabled, UnitName::exporter_socket(), UnitName::outbox_timer());
        let left = [(&socket, exporter.switched_off), (&timer, outbox.switched_off)];
        let is_left = |unit: &UnitName| left.iter().any(|(off, how)| *off == unit && how.is_some());
        let is_missing = |unit: &&UnitName| !there.contains(*unit) && !is_left(unit);
        let missing: Vec<UnitName> = wanted.units.iter().filter(is_missing).cloned().collect();
        let reload = units_changed || !missing.is_empty();
        if !missing.is_empty() {
            self.steps.push(Step::Enable(missing));
        }
        if reload {
            self.steps.push(Step::Reload);
        }
        if wanted.exporter {
            if exporter.switched_off == Some(SwitchedOff::Disabled) {
                self.notes.push(format!(
                    "the exporter's socket is disabled: `systemctl --user enable --now {socket}` serves again"
                ));
            }
            self.steps.extend(exporter.steps(&surroundings.exporter));
        }
        if wanted.outbox {
            if outbox.switched_off == Some(SwitchedOff::Disabled) {
                self.notes.push(format!(
                    "the outbox's timer is disabled, and messages wait until `mosaic agent outbox deliver`: \
                     `systemctl --user enable --now {timer}` delivers them again"
                ));
            }
            self.steps.extend(outbox.steps());
        }
        match surroundings.linger {
            Linger::Off if wanted.linger => {
                self.manifest.linger = true;
                self.steps.push(Step::Linger(true));
            }
            Linger::NoLogind if wanted.linger => self.notes.push(
                "nothing on this host starts user managers at boot (no logind): agents start when the manager does"
                    .to_owned(),
            ),
            Linger::On | Linger::Off | Linger::NoLogind => {}
        }
    }
}
