//! Where the fleet is that a command is about.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// The options that every command of a group takes.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Places {
    /// The roster [default: fleet/roster.yaml in the fleet's home]
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) roster: Option<PathBuf>,

    // Not as a doc comment: that would want backticks, which a terminal shows.
    #[arg(help = "The fleet's home [default: $MOSAIC_HOME, else ~/.config/mosaic]")]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) mosaic_home: Option<PathBuf>,
}
