//! `mosaic fleet update`: each program is updated by its own updater, then its agents are relaunched one at a time. A
//! failure stops the update there, and the same command continues it.

mod interrupts;
mod real_pi;
mod relaunches;
mod update_fixture;
mod updaters;
