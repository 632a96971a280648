//! Memory, by the kernel's own sums.

use std::fs;
use std::ops::AddAssign;

/// What one process occupies, in kB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Smaps {
    pub(crate) resident: f64,
    /// Each page divided by the number of processes that have it.
    pub(crate) proportional: f64,
    pub(crate) private_dirty: f64,
}

impl Smaps {
    pub(crate) fn of(pid: u32) -> Result<Self, String> {
        let path = format!("/proc/{pid}/smaps_rollup");
        fs::read_to_string(&path).map_err(|error| format!("{path}: {error}")).map(|text| Self::parse(&text))
    }

    /// Of a process and its children as they are now; those that end meanwhile count nothing.
    pub(crate) fn with_children(pid: u32) -> Result<Self, String> {
        let mut sum = Self::of(pid)?;
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
            sum += Self::of(child).unwrap_or_default();
        }
        Ok(sum)
    }

    fn parse(text: &str) -> Self {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
        };
        Self { resident: value("Rss"), proportional: value("Pss"), private_dirty: value("Private_Dirty") }
    }
}

impl AddAssign for Smaps {
    fn add_assign(&mut self, other: Self) {
        self.resident += other.resident;
        self.proportional += other.proportional;
        self.private_dirty += other.private_dirty;
    }
}

#[cfg(test)]
mod tests {
    use super::Smaps;

    #[test]
    fn the_sums_of_the_kernel_are_read() {
        // Captured from Linux 6.18.
        let text = "00200000-7ffc5b9fe000 ---p 00000000 00:00 0                              [rollup]\n\
                    Rss:                 320 kB\nPss:                  50 kB\nPss_Dirty:            36 kB\n\
                    Shared_Clean:        284 kB\nPrivate_Dirty:        36 kB\n";
        let expected = Smaps { resident: 320.0, proportional: 50.0, private_dirty: 36.0 };
        assert_eq!(Smaps::parse(text), expected);
    }
}
