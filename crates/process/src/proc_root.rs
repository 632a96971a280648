//! Reads `/proc`, or a tree that looks like it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use mosaic_domain::{BootId, ExitVerdict, Pid, ProcessIdentity};

use crate::small_file::with_file_in;
use crate::{KeptFile, Liveness, Stat};

/// A mounted `/proc`.
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
    pub fn at(root: PathBuf) -> Self {
        Self(root)
    }

    /// What the kernel says of a PID; `None` if no process has it.
    ///
    /// # Errors
    /// The line cannot be read, or is none.
    pub fn stat(&self, pid: Pid) -> io::Result<Option<Stat>> {
        self.stat_line(pid, |line| Stat::parse(line).map_err(invalid)).and_then(Option::transpose)
    }

    /// The same with the name of the program that the process runs, its first 15 bytes, which stands
    /// in the same line.
    ///
    /// # Errors
    /// The line cannot be read, or is none.
    pub fn stat_and_program(&self, pid: Pid) -> io::Result<Option<(Stat, OsString)>> {
        self.stat_line(pid, stat_and_program).and_then(Option::transpose)
    }

    /// Opens the file of that line, to be read again and again by
    /// [`stat_and_program_in`](Self::stat_and_program_in); `None` if no process has this PID.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn keep_stat(&self, pid: Pid) -> io::Result<Option<KeptFile>> {
        gone_is_none(KeptFile::open(self.0.join(format!("{pid}/stat"))))
    }

    /// As [`stat_and_program`](Self::stat_and_program), of a process whose file was opened before.
    ///
    /// # Errors
    /// The line cannot be read, or is none.
    pub fn stat_and_program_in(file: &KeptFile) -> io::Result<Option<(Stat, OsString)>> {
        gone_is_none(file.with(stat_and_program)).and_then(Option::transpose)
    }

    fn stat_line<T>(&self, pid: Pid, look: impl FnOnce(&[u8]) -> T) -> io::Result<Option<T>> {
        gone_is_none(self.read(pid, "stat", look))
    }

    fn read<T>(&self, pid: Pid, file: &str, look: impl FnOnce(&[u8]) -> T) -> io::Result<T> {
        with_file_in(&self.0, format_args!("{pid}/{file}"), look)
    }

    /// How a process ended, if it is a zombie and the kernel tells us: of a process of another user
    /// it says "code 0" whatever happened, unless we are root.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn verdict(&self, pid: Pid) -> io::Result<Option<ExitVerdict>> {
        let me = rustix::process::geteuid();
        let told = match fs::metadata(self.0.join(pid.to_string())) {
            Ok(directory) => me.is_root() || directory.uid() == me.as_raw(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if told { Ok(self.stat(pid)?.and_then(|stat| stat.verdict())) } else { Ok(None) }
    }

    /// The id of this boot.
    ///
    /// # Errors
    /// The file cannot be read, or holds no boot id.
    pub fn boot_id(&self) -> io::Result<BootId> {
        let text = fs::read_to_string(self.0.join("sys/kernel/random/boot_id"))?;
        text.trim_end().parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Who has this PID now; `None` if nobody does.
    ///
    /// Only a caller who holds a pidfd of the process, opened before, knows that it is the process
    /// that it means.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn identity(&self, pid: Pid) -> io::Result<Option<ProcessIdentity>> {
        let boot = self.boot_id()?;
        Ok(self.stat(pid)?.map(|stat| ProcessIdentity { pid, start_ticks: stat.start_ticks, boot }))
    }

    /// The name of the program that a process runs, its first 15 bytes (`comm` in proc(5)); `None` if
    /// no process has this PID.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn program(&self, pid: Pid) -> io::Result<Option<OsString>> {
        gone_is_none(self.read(pid, "comm", |name| OsString::from_vec(name.trim_ascii_end().to_vec())))
    }

    /// The value of a variable in the environment that a process was started with; `None` if it had
    /// none of that name.
    ///
    /// # Errors
    /// The process is gone, or belongs to somebody else.
    pub fn variable(&self, pid: Pid, name: &str) -> io::Result<Option<OsString>> {
        let [value] = self.variables(pid, [name])?;
        Ok(value)
    }

    /// The values of several variables in the environment that a process was started with.
    ///
    /// # Errors
    /// The process is gone, or belongs to somebody else.
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

    /// The processes that a process started, and those they started, as far as they still hang
    /// together: one whose parent has ended is not among them.
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
    /// `/proc` cannot be read: then nothing is known of the process.
    pub fn liveness(&self, meant: &ProcessIdentity) -> io::Result<Liveness> {
        Ok(Liveness::judge(meant, self.boot_id()?, self.stat(meant.pid)?))
    }
}

fn stat_and_program(line: &[u8]) -> io::Result<(Stat, OsString)> {
    Ok((Stat::parse(line).map_err(invalid)?, OsString::from_vec(Stat::program(line).to_vec())))
}

fn gone_is_none<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        // ESRCH: it ended between open and read.
        Err(error) if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(3) => Ok(None),
        Err(error) => Err(error),
    }
}

fn invalid(error: crate::InvalidStat) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::ProcRoot;
    use crate::Liveness;
    use std::process::{Command, id};

    #[test]
    fn this_process_is_alive_and_its_pid_with_another_start_is_somebody_else() {
        let proc = ProcRoot::default();
        let name = std::fs::read_to_string("/proc/self/comm").unwrap();
        assert_eq!(proc.program(id().try_into().unwrap()).unwrap().unwrap(), name.trim_end());
        let me = proc.identity(id().try_into().unwrap()).unwrap().unwrap();
        assert_eq!(proc.liveness(&me).unwrap(), Liveness::Alive);
        let earlier = mosaic_domain::ProcessIdentity { start_ticks: me.start_ticks - 1, ..me };
        assert_eq!(proc.liveness(&earlier).unwrap(), Liveness::Recycled);
    }

    #[test]
    fn a_child_that_nobody_waited_for_is_a_zombie_and_then_gone() {
        let proc = ProcRoot::default();
        let mut child =
            Command::new("sh").args(["-c", "read x; exit 7"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = child.id().try_into().unwrap();
        let identity = proc.identity(pid).unwrap().unwrap();
        let fd = crate::PidFd::open(pid).unwrap();
        drop(child.stdin.take());
        assert!(fd.wait(Some(std::time::Duration::from_secs(20))).unwrap());
        assert_eq!(proc.liveness(&identity).unwrap(), Liveness::Zombie);
        assert_eq!(proc.verdict(pid).unwrap(), Some(mosaic_domain::ExitVerdict::Code(7)));
        child.wait().unwrap();
        assert_eq!(proc.liveness(&identity).unwrap(), Liveness::Gone);
    }
}
