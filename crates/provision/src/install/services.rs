//! Units that an install enables and starts: the exporter's socket, the outbox timer, and lingering.

use std::collections::BTreeSet;
use std::path::Path;

use mosaic_systemd::{Linger, UnitName};

use super::planner::Planner;
use super::{DesiredState, GeneratedFile, HostFacts, Observed};
use crate::{Layout, PathState, Step};

impl Planner<'_> {
    /// Plans what is enabled at boot, reloaded and started, and whether lingering is turned on.
    pub(super) fn plan_services(
        &mut self,
        desired: &DesiredState,
        host: &HostFacts,
        units_changed: bool,
        exporter: ExporterChange,
        outbox: OutboxChange,
    ) {
        if let Some(reason) = &host.no_manager {
            self.notes.push(format!(
                "no unit is enabled, because there is no user manager ({reason}): \
                 `mosaic fleet start` starts agents directly"
            ));
            return;
        }
        let (enabled, socket, timer) = (&host.enabled, UnitName::exporter_socket(), UnitName::outbox_timer());
        let opt_outs = [(&socket, exporter.disabled_by_user), (&timer, outbox.disabled_by_user)];
        let is_disabled_by_user = |unit: &UnitName| opt_outs.iter().any(|(off, how)| *off == unit && how.is_some());
        let is_missing = |unit: &&UnitName| !enabled.contains(*unit) && !is_disabled_by_user(unit);
        let missing: Vec<UnitName> = desired.units.iter().filter(is_missing).cloned().collect();
        let reload = units_changed || !missing.is_empty();
        if !missing.is_empty() {
            self.steps.push(Step::Enable(missing));
        }
        if reload {
            self.steps.push(Step::Reload);
        }
        if desired.exporter {
            if exporter.disabled_by_user == Some(DisabledByUser::Disabled) {
                self.notes.push(format!(
                    "the exporter's socket is disabled: to serve metrics again, run `systemctl --user enable --now {socket}`"
                ));
            }
            self.steps.extend(exporter.steps(&host.exporter));
        }
        if desired.outbox {
            if outbox.disabled_by_user == Some(DisabledByUser::Disabled) {
                self.notes.push(format!(
                    "the outbox timer is disabled, so queued messages wait for `mosaic agent outbox deliver`: \
                     to deliver them automatically again, run `systemctl --user enable --now {timer}`"
                ));
            }
            self.steps.extend(outbox.steps());
        }
        match host.linger {
            Linger::Off if desired.linger => {
                self.manifest.linger = true;
                self.steps.push(Step::SetLinger(true));
            }
            Linger::NoLogind if desired.linger => self.notes.push(
                "this host has no logind, which starts user managers at boot: agents start with the user manager"
                    .to_owned(),
            ),
            Linger::On | Linger::Off | Linger::NoLogind => {}
        }
    }
}

/// What an install changes of the exporter.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ExporterChange {
    /// Whether the program or its unit changes.
    pub(super) service: bool,
    /// Whether the socket unit changes.
    pub(super) socket: bool,
    /// How the user disabled the socket, if they did. The install then leaves it disabled.
    pub(super) disabled_by_user: Option<DisabledByUser>,
}

impl ExporterChange {
    /// The state before any file is planned.
    pub(super) fn new(layout: &Layout, observed: &Observed, host: &HostFacts) -> Self {
        let was_enabled = observed.manifest.as_ref().is_some_and(|manifest| manifest.exporter);
        let disabled_by_user =
            DisabledByUser::detect(&UnitName::exporter_socket(), was_enabled, layout, observed, host);
        Self { disabled_by_user, ..Self::default() }
    }

    /// Takes a planned file into account.
    pub(super) fn note(&mut self, changed: bool, file: &GeneratedFile) {
        self.service |= changed && file.path.ends_with(UnitName::exporter().as_str());
        self.socket |= changed && file.path.ends_with(UnitName::exporter_socket().as_str());
    }

    /// The steps after the manager has reloaded its units. The service is only stopped: the next request starts the new
    /// program through the socket. A socket releases its address only after its service has stopped.
    fn steps(self, running: &BTreeSet<UnitName>) -> Vec<Step> {
        let (service, socket) = (UnitName::exporter(), UnitName::exporter_socket());
        let is_listening = running.contains(&socket);
        // While the socket listens, a request may have started the old program since the units were read.
        let may_run = is_listening || running.contains(&service);
        let stopped: Vec<UnitName> =
            [(may_run && (self.service || self.socket), service), (is_listening && self.socket, socket.clone())]
                .into_iter()
                .filter_map(|(stops, unit)| stops.then_some(unit))
                .collect();
        let starts = if is_listening { self.socket } else { self.disabled_by_user.is_none() };
        let stop = (!stopped.is_empty()).then_some(Step::Stop(stopped));
        stop.into_iter().chain(starts.then_some(Step::Start(vec![socket]))).collect()
    }
}

/// What an install changes of the outbox timer.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutboxChange {
    /// Whether an earlier install started the timer.
    was_started: bool,
    /// How the user disabled the timer, if they did. The install then leaves it disabled.
    pub(super) disabled_by_user: Option<DisabledByUser>,
}

impl OutboxChange {
    /// The state before any file is planned.
    pub(super) fn new(layout: &Layout, observed: &Observed, host: &HostFacts) -> Self {
        let was_started = observed.manifest.as_ref().is_some_and(|manifest| manifest.outbox);
        let disabled_by_user = DisabledByUser::detect(&UnitName::outbox_timer(), was_started, layout, observed, host);
        Self { was_started, disabled_by_user }
    }

    /// The step after the manager has reloaded its units. The timer is started only by the first install: a running timer
    /// applies new settings at the reload, and one that the user stopped starts again at boot.
    fn steps(self) -> Option<Step> {
        (!self.was_started && self.disabled_by_user.is_none()).then(|| Step::Start(vec![UnitName::outbox_timer()]))
    }
}

/// How the user prevented a unit from starting at boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DisabledByUser {
    /// `systemctl --user disable`.
    Disabled,
    /// `systemctl --user mask`: the unit is a link to `/dev/null`, which the planner notes like every other link.
    Masked,
}

impl DisabledByUser {
    /// Detects whether the user disabled or masked this unit. Only a unit that an install enabled counts as disabled.
    fn detect(
        unit: &UnitName,
        was_enabled: bool,
        layout: &Layout,
        observed: &Observed,
        host: &HostFacts,
    ) -> Option<Self> {
        let file = observed.paths.get(&layout.units().join(unit.as_str()));
        let is_masked = matches!(file, Some(PathState::Link(target)) if target == Path::new("/dev/null"));
        let is_disabled = was_enabled && !host.enabled.contains(unit);
        if is_masked { Some(Self::Masked) } else { is_disabled.then_some(Self::Disabled) }
    }
}
