//! Processes as the kernel shows them: `/proc`, pidfds, control groups, terminals, and child processes with
//! a deadline. This crate knows nothing of tmux, and of systemd only the protocol of notifications.
//!
//! The readers of `/proc` take its root as an argument, so that a test can pass a tree of captured files.

mod bounded_command;
mod cgroup;
mod clock;
mod file_fingerprint;
mod kernel_file;
mod lock_file;
mod pid_fd;
mod proc_root;
mod proc_stat;
mod program_search;
mod resource_usage;
mod service_notifier;
mod terminal_input;
mod threads;

pub use bounded_command::{BoundedError, bounded_output, bounded_output_with_input};
pub use cgroup::{Cgroup, CgroupMounts};
pub use clock::{monotonic, process_start_time, since_boot};
pub use file_fingerprint::FileFingerprint;
pub use kernel_file::KernelFile;
pub use lock_file::LockFile;
pub use pid_fd::PidFd;
pub use proc_root::{Liveness, ProcRoot};
pub use proc_stat::{InvalidStat, Stat};
pub use program_search::{find_in_directories, find_on_path, is_program};
pub use resource_usage::{CgroupAccounting, Controllers, Usage};
pub use service_notifier::{Notification, ServiceNotifier};
pub use terminal_input::TerminalInput;
pub use threads::{check_threads, share_work, spawn_thread, thread_error};
