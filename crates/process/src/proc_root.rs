//! Reading `/proc`, or a directory tree of the same form.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use mosaic_domain::{BootId, ExitVerdict, Pid, ProcessIdentity};

use crate::kernel_file::read_file_in_with;
use crate::{KernelFile, Stat};

/// What became of a process that was identified earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// The process runs.
    Alive,
    /// The process has ended, and its parent has not waited for it yet.
    Zombie,
    /// No process has its PID.
    Gone,
    /// Another process has its PID.
    Recycled,
    /// The host was booted since, so no process of that boot is alive.
    OtherBoot,
}

impl Liveness {
    /// Judges `process` by the present `/proc/PID/stat` of its PID, in the boot `boot`.
    #[must_use]
    pub fn judge(process: &ProcessIdentity, boot: BootId, stat: Option<Stat>) -> Self {
        match stat {
            _ if boot != process.boot => Self::OtherBoot,
            None => Self::Gone,
            Some(stat) if stat.start_ticks != process.start_ticks => Self::Recycled,
            Some(stat) if stat.is_zombie() => Self::Zombie,
            Some(_) => Self::Alive,
        }
    }

    /// Returns whether the process runs.
    #[must_use]
    pub fn is_alive(self) -> bool {
        self == Self::Alive
    }
}

/// The root of a mounted `/proc`.
#[derive(Clone, Debug)]
pub struct ProcRoot(PathBuf);

impl Default for ProcRoot {
    fn default() -> Self {
        Self(PathBuf::from("/proc"))
    }
}

impl ProcRoot {
    /// Reads below `root` instead of `/proc`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self(root)
    }

    /// Reads `/proc/PID/stat`. `None` if no process has this PID.
    ///
    /// # Errors
    /// The file cannot be read or parsed.
    pub fn stat(&self, pid: Pid) -> io::Result<Option<Stat>> {
        self.stat_line(pid, |line| Stat::parse(line).map_err(invalid)).and_then(Option::transpose)
    }

    /// Reads `/proc/PID/stat` with the name of the program that the process runs, cut after 15 bytes.
    ///
    /// # Errors
    /// The file cannot be read or parsed.
    pub fn stat_and_program(&self, pid: Pid) -> io::Result<Option<(Stat, OsString)>> {
        self.stat_line(pid, stat_and_program).and_then(Option::transpose)
    }

    /// Opens `/proc/PID/stat` for repeated reading by [`read_stat_and_program`](Self::read_stat_and_program).
    /// `None` if no process has this PID.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open_stat(&self, pid: Pid) -> io::Result<Option<KernelFile>> {
        gone_is_none(KernelFile::open(self.0.join(format!("{pid}/stat"))))
    }

    /// Does the same as [`stat_and_program`](Self::stat_and_program), with a file that was opened before.
    ///
    /// # Errors
    /// The file cannot be read or parsed.
    pub fn read_stat_and_program(file: &KernelFile) -> io::Result<Option<(Stat, OsString)>> {
        gone_is_none(file.read_with(stat_and_program)).and_then(Option::transpose)
    }

    fn stat_line<T>(&self, pid: Pid, parse: impl FnOnce(&[u8]) -> T) -> io::Result<Option<T>> {
        gone_is_none(self.read(pid, "stat", parse))
    }

    fn read<T>(&self, pid: Pid, file: &str, parse: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
        read_file_in_with(&self.0, format_args!("{pid}/{file}"), parse)
    }

    /// How a process ended. `None` if it is not a zombie, or if the kernel hides the verdict: to a caller
    /// other than root it shows the exit code 0 for every process of another user.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn exit_verdict(&self, pid: Pid) -> io::Result<Option<ExitVerdict>> {
        let user = rustix::process::geteuid();
        let shown = match fs::metadata(self.0.join(pid.to_string())) {
            Ok(directory) => user.is_root() || directory.uid() == user.as_raw(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if shown { Ok(self.stat(pid)?.and_then(|stat| stat.exit_verdict())) } else { Ok(None) }
    }

    /// The ID of this boot.
    ///
    /// # Errors
    /// The file cannot be read or parsed.
    pub fn boot_id(&self) -> io::Result<BootId> {
        let text = fs::read_to_string(self.0.join("sys/kernel/random/boot_id"))?;
        text.trim_end().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// The identity of the process that has this PID now. `None` if no process has it.
    ///
    /// Only a caller that opened a pidfd of the process before knows that this is the process it means.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn identity(&self, pid: Pid) -> io::Result<Option<ProcessIdentity>> {
        let boot = self.boot_id()?;
        Ok(self.stat(pid)?.map(|stat| ProcessIdentity { pid, start_ticks: stat.start_ticks, boot }))
    }

    /// The name of the program that a process runs, cut after 15 bytes (`comm` in proc(5)). `None` if no
    /// process has this PID.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn program(&self, pid: Pid) -> io::Result<Option<OsString>> {
        gone_is_none(self.read(pid, "comm", |name| OsString::from_vec(name.trim_ascii_end().to_vec())))
    }

    /// The process group of a process (field 5 of `/proc/PID/stat`). `None` if no process has this PID.
    #[must_use]
    pub fn process_group(&self, pid: Pid) -> Option<i32> {
        let stat = fs::read(self.0.join(format!("{pid}/stat"))).ok()?;
        // The program's name before the last `)` may contain any bytes.
        let name_end = stat.iter().rposition(|byte| *byte == b')')?;
        str::from_utf8(&stat[name_end + 1..]).ok()?.split_ascii_whitespace().nth(2)?.parse().ok()
    }

    /// The value of a variable in the environment with which a process was started. `None` if the variable
    /// was not set.
    ///
    /// # Errors
    /// The process is gone, or belongs to another user.
    pub fn variable(&self, pid: Pid, name: &str) -> io::Result<Option<OsString>> {
        let [value] = self.variables(pid, [name])?;
        Ok(value)
    }

    /// The values of several variables in the environment with which a process was started.
    ///
    /// # Errors
    /// The process is gone, or belongs to another user.
    pub fn variables<const N: usize>(&self, pid: Pid, names: [&str; N]) -> io::Result<[Option<OsString>; N]> {
        let value =
            |name: &str, variable: &[u8]| Some(variable.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?.to_vec());
        self.read(pid, "environ", |environment| {
            let mut values = [const { None }; N];
            for variable in environment.split(|byte| *byte == 0) {
                for (found, name) in values.iter_mut().zip(names) {
                    if found.is_none() {
                        *found = value(name, variable).map(OsString::from_vec);
                    }
                }
            }
            values
        })
    }

    /// The children of a process, their children, and so on. A process whose parent has ended is not among
    /// them.
    #[must_use]
    pub fn descendants(&self, pid: Pid) -> Vec<Pid> {
        let children = |pid: Pid| -> Vec<Pid> {
            let threads = fs::read_dir(self.0.join(format!("{pid}/task"))).into_iter().flatten().flatten();
            let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
            lists
                .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
                .collect()
        };
        let mut found = children(pid);
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            found.extend(children(parent));
            next += 1;
        }
        found
    }

    /// What became of a process that was identified earlier.
    ///
    /// # Errors
    /// `/proc` cannot be read, so the answer is unknown.
    pub fn liveness(&self, process: &ProcessIdentity) -> io::Result<Liveness> {
        Ok(Liveness::judge(process, self.boot_id()?, self.stat(process.pid)?))
    }
}

fn stat_and_program(line: &[u8]) -> io::Result<(Stat, OsString)> {
    Ok((Stat::parse(line).map_err(invalid)?, OsString::from_vec(Stat::program(line).to_vec())))
}

fn gone_is_none<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        // ESRCH: the process ended between open and read.
        Err(error) if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(3) => Ok(None),
        Err(error) => Err(error),
    }
}

fn invalid(error: crate::InvalidStat) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::{Liveness, ProcRoot};
    use crate::Stat;
    use mosaic_domain::{BootId, ProcessIdentity};
    use std::process::{Command, id};

    #[test]
    fn only_the_same_process_of_the_same_boot_is_alive() {
        let boot: BootId = "0700cf0c-8b1c-49c8-862a-3c44fb7bacfe".parse().unwrap();
        let other: BootId = "11111111-8b1c-49c8-862a-3c44fb7bacfe".parse().unwrap();
        let process = ProcessIdentity { pid: 77.try_into().unwrap(), start_ticks: 500, boot };
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
        for (now, stat, expected) in table {
            assert_eq!(Liveness::judge(&process, now, stat), expected, "{stat:?}");
        }
    }

    #[test]
    fn another_start_time_means_a_recycled_pid() {
        let proc = ProcRoot::default();
        let name = std::fs::read_to_string("/proc/self/comm").unwrap();
        assert_eq!(proc.program(id().try_into().unwrap()).unwrap().unwrap(), name.trim_end());
        let me = proc.identity(id().try_into().unwrap()).unwrap().unwrap();
        assert_eq!(proc.liveness(&me).unwrap(), Liveness::Alive);
        let earlier = ProcessIdentity { start_ticks: me.start_ticks - 1, ..me };
        assert_eq!(proc.liveness(&earlier).unwrap(), Liveness::Recycled);
    }

    #[test]
    fn an_ended_child_is_a_zombie_until_it_is_waited_for() {
        let proc = ProcRoot::default();
        let mut child =
            Command::new("sh").args(["-c", "read x; exit 7"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = child.id().try_into().unwrap();
        let identity = proc.identity(pid).unwrap().unwrap();
        let fd = crate::PidFd::open(pid).unwrap();
        drop(child.stdin.take());
        assert!(fd.wait(Some(std::time::Duration::from_secs(20))).unwrap());
        assert_eq!(proc.liveness(&identity).unwrap(), Liveness::Zombie);
        assert_eq!(proc.exit_verdict(pid).unwrap(), Some(mosaic_domain::ExitVerdict::Code(7)));
        child.wait().unwrap();
        assert_eq!(proc.liveness(&identity).unwrap(), Liveness::Gone);
    }
}
