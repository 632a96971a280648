//! Every source, with what is remembered of it between looks.

use super::LastGood;
use super::generated::GeneratedMemory;
use super::processes::ProcessMemory;
use super::roster_seen::RosterMemory;
use super::run_files::RunMemory;
use super::screens::ScreenMemory;
use super::source::Source;
use super::units::UnitMemory;

/// What an observer remembers. None of it is believed unless something that is looked at each time says that
/// it still holds.
#[derive(Debug, Default)]
pub struct Memory {
    pub(super) roster: Source<RosterMemory>,
    pub(super) tmux: Source<()>,
    pub(super) units: Source<UnitMemory>,
    pub(super) run_files: Source<RunMemory>,
    pub(super) processes: Source<ProcessMemory>,
    pub(super) screens: Source<ScreenMemory>,
    pub(super) generated: Source<GeneratedMemory>,
    /// The roster that holds while its file cannot be read.
    pub(super) last_good: Option<LastGood>,
    /// There will be no other look, so nothing is kept open for one.
    pub(super) once: bool,
}

impl Memory {
    /// For a single look.
    #[must_use]
    pub fn for_one_look() -> Self {
        Self { once: true, ..Self::default() }
    }
}
