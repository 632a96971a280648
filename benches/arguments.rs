//! The command line and how much it asks to measure.

use crate::figures::Figure;
use clap::Parser;
use clap::error::ErrorKind;

/// Compare the product with the bash launcher that it replaces
#[derive(Clone, Debug, Parser)]
#[command(name = "bench", bin_name = "./dev bench")]
pub(crate) struct Arguments {
    /// Use fewer repetitions, which takes half a minute and is less precise
    #[arg(long)]
    quick: bool,
    /// Measure only this figure; can be repeated
    #[arg(long, value_name = "NAME", value_enum)]
    only: Vec<Figure>,
    /// Print a JSON document instead of the table
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with 1 if a bound is missed, or 69 if a figure with a bound could not be measured
    #[arg(long)]
    pub(crate) check: bool,
    /// The figure that this process measures as a worker
    #[arg(long, hide = true, value_enum)]
    pub(crate) worker: Option<Figure>,
}

impl Arguments {
    /// Parses the command line; exits with 64 if it is invalid.
    pub(crate) fn parse_or_exit() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            let _ = error.print();
            let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            std::process::exit(if is_help { 0 } else { 64 })
        })
    }

    pub(crate) fn effort(&self) -> Effort {
        if self.quick { Effort::Quick } else { Effort::Full }
    }

    /// The figures to measure, in the order of the table.
    pub(crate) fn figures(&self) -> Vec<Figure> {
        let wanted = |figure: &Figure| self.only.is_empty() || self.only.contains(figure);
        Figure::ALL.into_iter().filter(wanted).collect()
    }
}

/// How many repetitions are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    Quick,
    Full,
}

impl Effort {
    pub(crate) fn pick(self, quick: usize, full: usize) -> usize {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }

    /// The flag that selects this effort.
    pub(crate) fn flag(self) -> Option<&'static str> {
        (self == Self::Quick).then_some("--quick")
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use crate::figures::Figure;
    use clap::{CommandFactory, Parser};

    #[test]
    fn only_selects_figures_in_the_order_of_the_table() {
        Arguments::command().debug_assert();
        let figures = |line: &[&str]| Arguments::parse_from(line).figures();
        assert_eq!(figures(&["bench"]), Figure::ALL);
        assert_eq!(figures(&["bench", "--only", "death", "--only", "start"]), [Figure::Start, Figure::Death]);
    }
}
