//! Whether an agent runs the program that is installed: pure.

use jiff::Timestamp;

/// How an agent stands to the installed program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It does not run, and is not made to.
    NotRunning,
    /// It was started after the program was put there.
    Current,
    /// It was started before.
    Old,
}

impl Standing {
    /// By when the agent's process started, if there is one, and since when the program is what it is.
    /// A process that started in that very moment may have either.
    pub(super) fn of(started: Option<Timestamp>, since: Timestamp) -> Self {
        match started {
            None => Self::NotRunning,
            Some(started) if started > since => Self::Current,
            Some(_) => Self::Old,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Standing;
    use jiff::Timestamp;

    #[test]
    fn who_started_before_the_program_came_runs_another_one() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let table = [
            (None, Standing::NotRunning),
            (Some(9), Standing::Old),
            (Some(10), Standing::Old),
            (Some(11), Standing::Current),
        ];
        for (started, expected) in table {
            assert_eq!(Standing::of(started.map(at), at(10)), expected, "{started:?}");
        }
    }
}
