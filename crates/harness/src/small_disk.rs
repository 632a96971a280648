use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A tmpfs of 64 KiB, for tests of a full or read-only disk. Mounting it requires root. It is unmounted on drop.
#[derive(Debug)]
pub struct SmallDisk {
    directory: PathBuf,
}

impl SmallDisk {
    /// Creates a directory and mounts the disk on it.
    #[must_use]
    pub fn mount(directory: &Path) -> Self {
        std::fs::create_dir_all(directory).expect("create the mount point");
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        mount("tmpfs", directory, "tmpfs", flags, c"size=64k,mode=0700").expect("mount a tmpfs");
        Self { directory: directory.to_owned() }
    }

    /// Fills the disk completely.
    pub fn fill(&self) {
        let mut file = File::create(self.filler()).expect("create a file on the small disk");
        let full = std::iter::repeat_with(|| file.write_all(&[0; 512])).find_map(Result::err);
        let kind = full.expect("writing ends with an error").kind();
        assert_eq!(kind, std::io::ErrorKind::StorageFull);
    }

    /// Removes the file that fills the disk.
    pub fn free(&self) {
        std::fs::remove_file(self.filler()).expect("remove the filler file");
    }

    /// Remounts the disk read-only. The kernel refuses that while a file is open for writing.
    pub fn make_read_only(&self) {
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::RDONLY;
        mount_remount(&self.directory, flags, c"").expect("remount the small disk");
    }

    fn filler(&self) -> PathBuf {
        self.directory.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Open files keep a detached mount alive without its being visible.
        let _ = unmount(&self.directory, UnmountFlags::DETACH);
    }
}
