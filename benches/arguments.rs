//! The command line.

use crate::effort::Effort;
use crate::figures::Figure;
use clap::Parser;
use clap::error::ErrorKind;

/// Measures the product side by side with the bash launcher that it replaces.
#[derive(Clone, Debug, Parser)]
#[command(name = "bench", bin_name = "./dev bench")]
pub(crate) struct Arguments {
    /// Fewer repetitions: half a minute, and less to rely on
    #[arg(long)]
    quick: bool,
    /// Only this figure; may be given several times
    #[arg(long, value_name = "NAME", value_enum)]
    only: Vec<Figure>,
    /// One JSON document instead of the table
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with 1 if a bound is missed, with 69 if one could not be measured
    #[arg(long)]
    pub(crate) check: bool,
    /// What a worker is to measure
    #[arg(long, hide = true, value_enum)]
    pub(crate) worker: Option<Figure>,
}

impl Arguments {
    /// Ends this process with 64 when they make no sense.
    pub(crate) fn of_this_process() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            let _ = error.print();
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            std::process::exit(if asked { 0 } else { 64 })
        })
    }

    pub(crate) fn effort(&self) -> Effort {
        if self.quick { Effort::Quick } else { Effort::Full }
    }

    /// What to measure, in the order of the table.
    pub(crate) fn figures(&self) -> Vec<Figure> {
        let wanted = |figure: &Figure| self.only.is_empty() || self.only.contains(figure);
        Figure::ALL.into_iter().filter(wanted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use crate::figures::Figure;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_grammar_is_sound() {
        Arguments::command().debug_assert();
        let figures = |line: &[&str]| Arguments::parse_from(line).figures();
        assert_eq!(figures(&["bench"]), Figure::ALL);
        assert_eq!(figures(&["bench", "--only", "death", "--only", "start"]), [Figure::Start, Figure::Death]);
    }
}
