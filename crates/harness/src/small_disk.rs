use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A disk that can be filled: a tmpfs of 64 KiB, which only root can mount.
/// It is unmounted when this is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    directory: PathBuf,
}

impl SmallDisk {
    /// Mounts it on a directory, which is made.
    #[must_use]
    pub fn mount(directory: &Path) -> Self {
        std::fs::create_dir_all(directory).expect("a directory to mount on");
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        mount("tmpfs", directory, "tmpfs", flags, c"size=64k,mode=0700").expect("mount a tmpfs");
        Self { directory: directory.to_owned() }
    }

    /// Leaves no byte free.
    pub fn fill(&self) {
        let mut file = File::create(self.filler()).expect("a file on the small disk");
        let full = std::iter::repeat_with(|| file.write_all(&[0; 512])).find_map(Result::err);
        let kind = full.expect("it ends some time").kind();
        assert_eq!(kind, std::io::ErrorKind::StorageFull);
    }

    /// Gives the space back.
    pub fn free(&self) {
        std::fs::remove_file(self.filler()).expect("it was filled");
    }

    /// Lets nobody write any more; the kernel refuses that while somebody has a file open to write.
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
        // Whatever is still open on it keeps it alive, out of everybody's sight.
        let _ = unmount(&self.directory, UnmountFlags::DETACH);
    }
}
