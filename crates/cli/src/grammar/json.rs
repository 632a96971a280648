//! The option `--json`.

use clap::Args;

/// How an answer is wanted.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Json {
    /// Answer in JSON
    #[arg(id = "json", long)]
    pub(crate) wanted: bool,
}
