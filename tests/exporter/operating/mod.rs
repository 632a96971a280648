//! What an operator does to an exporter: flags, signals, resource limits, and files that appear and disappear.

mod failed_starts;
mod own_metrics;
mod roster_changes;
mod running_exporter;
mod signals_and_limits;
