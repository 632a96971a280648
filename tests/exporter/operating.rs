//! What an operator does to an exporter, on purpose or by mistake: starts, signals, files that come and go.

mod ends;
mod instruments;
mod refusals;
mod rosters;
mod started;
