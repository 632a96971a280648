//! Parsing `/proc/PID/stat`.

use mosaic_domain::{ExitVerdict, Pid};

/// The fields of `/proc/PID/stat` that are used here, numbered as in proc(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Field 3: `R`, `S`, `D`, `T`, `Z`, `X`, …
    pub state: char,
    /// Field 4: the parent; `None` if it is outside of this PID namespace.
    pub parent: Option<Pid>,
    /// Field 8: the foreground process group of the terminal; not positive if there is none.
    pub foreground_group: i32,
    /// Fields 14 and 15: CPU time in user and kernel mode, in clock ticks.
    pub cpu_ticks: u64,
    /// Field 22: start time in clock ticks since boot.
    pub start_ticks: u64,
    /// Field 24: resident memory, in pages.
    pub resident_pages: u64,
    /// Fields 50 and 51: the addresses of the environment that the program was executed with. Each `execve`
    /// changes them; they are 0 if the caller may not know.
    pub environment_at: (u64, u64),
    /// Field 52: the status word of `wait(2)`, valid only for a zombie.
    wait_status: u32,
}

/// The error of parsing a text that is not the contents of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a line of /proc/PID/stat: {0}")]
pub struct InvalidStat(&'static str);

impl Stat {
    /// Parses the line. The second field is the program's name in parentheses, which may contain spaces,
    /// parentheses and any other bytes; the last `)` ends it.
    ///
    /// # Errors
    /// The line is cut short, or a field is not a number.
    pub fn parse(line: &[u8]) -> Result<Self, InvalidStat> {
        let name_end = line.iter().rposition(|byte| *byte == b')').ok_or(InvalidStat("no name in parentheses"))?;
        let rest =
            str::from_utf8(&line[name_end + 1..]).map_err(|_| InvalidStat("not ASCII after the name"))?.trim_end();
        // Field N of proc(5) has the index N - 3, because the PID and the name come before.
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next().and_then(|text| text.chars().next()).ok_or(InvalidStat("no state"))?;
        let parent = Pid::new(number(fields.next(), "no parent (field 4)")?);
        let foreground_group = number(fields.nth(8 - 5), "no foreground group (field 8)")?;
        let user: u64 = number(fields.nth(14 - 9), "no user time (field 14)")?;
        let kernel: u64 = number(fields.next(), "no kernel time (field 15)")?;
        let start_ticks = number(fields.nth(22 - 16), "no start time (field 22)")?;
        let resident_pages = number(fields.nth(24 - 23), "no resident memory (field 24)")?;
        let environment_from = number(fields.nth(50 - 25), "no beginning of the environment (field 50)")?;
        let environment_to = number(fields.next(), "no end of the environment (field 51)")?;
        let wait_status = number(fields.next(), "no exit status (field 52)")?;
        let environment_at = (environment_from, environment_to);
        let cpu_ticks = user.saturating_add(kernel);
        Ok(Self {
            state,
            parent,
            foreground_group,
            cpu_ticks,
            start_ticks,
            resident_pages,
            environment_at,
            wait_status,
        })
    }

    /// The second field of the line: the program's name, cut after 15 bytes.
    pub(crate) fn program(line: &[u8]) -> &[u8] {
        let name = |line: &[u8]| {
            Some((line.iter().position(|byte| *byte == b'(')? + 1, line.iter().rposition(|byte| *byte == b')')?))
        };
        name(line).and_then(|(from, to)| line.get(from..to)).unwrap_or_default()
    }

    /// Returns whether the process has ended without its parent having waited for it.
    ///
    /// `kill(pid, 0)` still succeeds for a zombie.
    #[must_use]
    pub fn is_zombie(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }

    /// How the process ended, if it is a zombie.
    ///
    /// The kernel shows 0 to a caller that may not trace the process, so the exit code 0 of another user's
    /// process may stand for any verdict.
    #[must_use]
    pub fn exit_verdict(&self) -> Option<ExitVerdict> {
        self.is_zombie().then(|| ExitVerdict::from_wait_status(self.wait_status))
    }
}

fn number<T: std::str::FromStr>(field: Option<&str>, missing: &'static str) -> Result<T, InvalidStat> {
    field.and_then(|text| text.parse().ok()).ok_or(InvalidStat(missing))
}

#[cfg(test)]
mod tests {
    use super::Stat;
    use mosaic_domain::{ExitVerdict, Pid};

    // Captured from Linux 6.18. The second line is a zombie of `sh -c 'kill -9 $$'`.
    const RUNNING: &[u8] = b"18960 (node (a) b) S 812 18960 18960 34817 18960 4194304 1213 0 0 0 12 3 0 0 20 0 1 0 67697 \
        6270976 963 18446744073709551615 94029 94030 140728 0 0 0 0 3670020 1266777851 1 0 0 17 1 0 0 0 0 0 94 94 94 14 14 14 14 0\n";
    const KILLED: &[u8] = b"77 (sh) Z 1 77 77 0 -1 4194316 98 0 0 0 0 0 0 0 20 0 1 0 70001 \
        0 0 18446744073709551615 0 0 0 0 0 0 0 4096 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 9\n";

    #[test]
    fn a_program_name_with_parentheses_and_spaces_is_skipped() {
        let stat = Stat::parse(RUNNING).unwrap();
        assert_eq!((stat.state, stat.start_ticks), ('S', 67697));
        assert_eq!(stat.parent, Pid::new(812));
        assert_eq!((stat.foreground_group, stat.cpu_ticks, stat.resident_pages), (18960, 15, 963));
        assert_eq!((stat.is_zombie(), stat.exit_verdict()), (false, None));
    }

    #[test]
    fn a_zombie_has_an_exit_verdict() {
        let stat = Stat::parse(KILLED).unwrap();
        assert!(stat.is_zombie());
        assert_eq!(stat.exit_verdict(), Some(ExitVerdict::Signal(9)));
    }

    #[test]
    fn a_truncated_line_is_an_error() {
        let line = KILLED.trim_ascii_end();
        for end in 0..line.len() - 1 {
            assert!(Stat::parse(&line[..end]).is_err(), "{end}");
        }
    }
}
