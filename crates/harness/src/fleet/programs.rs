use super::{Fleet, give, make_directory};
use crate::Binaries;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs that a test puts into its fleet.
///
/// They are not written by the test itself: a child that another test forks meanwhile would hold the
/// file open to write, and who executes it then is told that it is busy.
impl Fleet {
    /// Makes a script that can be executed, for somebody who looks for a program there.
    pub fn install_script(&self, path: &Path, text: &str) {
        make_directory(path.parent().expect("it is in a directory"));
        let draft = path.with_extension("draft");
        std::fs::write(&draft, text).expect("write a script");
        let installed = Command::new("install").args(["-m", "755"]).arg(&draft).arg(path).status();
        assert!(installed.expect("run install").success(), "install {}", path.display());
        std::fs::remove_file(draft).expect("remove the draft");
    }

    /// Copies of the product's programs that the fleet's owner may execute, wherever they were
    /// built; the launcher among them.
    #[must_use]
    pub fn install_programs(&self) -> PathBuf {
        let directory = self.root().join("programs");
        make_directory(&directory);
        for name in Binaries::PRODUCT {
            let copied = Command::new("cp").arg(Binaries::product(name)).arg(&directory).status();
            assert!(copied.expect("run cp").success(), "copy {name}");
        }
        give(&directory, self.owner);
        directory.join("start-agent-session")
    }
}
