//! What the kernel says of a process, and nothing that knows of tmux or systemd: its line in
//! `/proc`, whether it is still the one that was meant, a descriptor that becomes readable when it
//! ends, the control group it lives in, and a child that is given up at a deadline.
//!
//! Readers take the root they read from, so that a test gives them a tree of captured bytes.

mod bounded_command;
mod cgroup;
mod clock;
mod file_mark;
mod kept_file;
mod liveness;
mod pid_fd;
mod proc_root;
mod program_file;
mod small_file;
mod stat;
mod terminal_input;
mod usage;

pub use bounded_command::{BoundedError, bounded_output, bounded_output_of};
pub use cgroup::{Cgroup, CgroupMounts};
pub use clock::{monotonic, since_boot, start_of};
pub use file_mark::FileMark;
pub use kept_file::KeptFile;
pub use liveness::Liveness;
pub use pid_fd::PidFd;
pub use proc_root::ProcRoot;
pub use program_file::is_program;
pub use small_file::with_file;
pub use stat::{InvalidStat, Stat};
pub use terminal_input::TerminalInput;
pub use usage::{Accounts, Usage};
