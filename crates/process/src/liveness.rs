//! The verdict on one process: is it still the one that was meant?

use mosaic_domain::ProcessIdentity;

use crate::Stat;

/// What became of a process that somebody identified earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The very process, running.
    Alive,
    /// The very process, ended and not yet waited for.
    Zombie,
    /// No process has the PID.
    Gone,
    /// Another process has the PID now.
    Recycled,
    /// The host was booted since: no process of then lives.
    OtherBoot,
}

impl Liveness {
    /// Judges `meant` by what `/proc/PID/stat` says of its PID now, in the boot `boot`.
    #[must_use]
    pub fn judge(meant: &ProcessIdentity, boot: mosaic_domain::BootId, seen: Option<Stat>) -> Self {
        match seen {
            _ if boot != meant.boot => Self::OtherBoot,
            None => Self::Gone,
            Some(stat) if stat.start_ticks != meant.start_ticks => Self::Recycled,
            Some(stat) if stat.is_zombie() => Self::Zombie,
            Some(_) => Self::Alive,
        }
    }

    /// Is the process that was meant running?
    #[must_use]
    pub fn is_alive(self) -> bool {
        self == Self::Alive
    }
}

#[cfg(test)]
mod tests {
    use super::Liveness;
    use crate::Stat;
    use mosaic_domain::{BootId, ProcessIdentity};

    #[test]
    fn only_the_same_process_of_the_same_boot_is_alive() {
        let boot: BootId = "0700cf0c-8b1c-49c8-862a-3c44fb7bacfe".parse().unwrap();
        let other: BootId = "11111111-8b1c-49c8-862a-3c44fb7bacfe".parse().unwrap();
        let meant = ProcessIdentity { pid: 77.try_into().unwrap(), start_ticks: 500, boot };
        let stat = |state: char, start: u64| {
            let zeros = "0 ".repeat(17);
            let line = format!("77 (x) {state} 1 {zeros}{start} {}0", "0 ".repeat(29));
            Some(Stat::parse(line.as_bytes()).unwrap())
        };
        let table = [
            (boot, stat('S', 500), Liveness::Alive),
            (boot, stat('T', 500), Liveness::Alive),
            (boot, stat('Z', 500), Liveness::Zombie),
            (boot, stat('S', 501), Liveness::Recycled),
            (boot, stat('Z', 501), Liveness::Recycled),
            (boot, None, Liveness::Gone),
            (other, stat('S', 500), Liveness::OtherBoot),
            (other, None, Liveness::OtherBoot),
        ];
        for (now, seen, expected) in table {
            assert_eq!(Liveness::judge(&meant, now, seen), expected, "{seen:?}");
        }
    }
}
