//! The activity of agents: from reports that each runtime sends by its own means, and from their screens.

mod activity_fixture;
mod further_runtimes;
mod launch_modes;
mod program_versions;
mod real_runtimes;
mod recorded_screens;
mod report_command;
mod startup_failures;
