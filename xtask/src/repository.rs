//! The source tree and the files in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::failure::Failure;

/// The source tree that this program was built from.
#[derive(Debug)]
pub(crate) struct Repository {
    root: PathBuf,
}

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Relative to the root of the repository.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

impl Repository {
    pub(crate) fn find() -> Result<Self, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = root.canonicalize().map_err(|error| Failure::unavailable(format!("{}: {error}", root.display())))?;
        std::env::set_current_dir(&root)
            .map_err(|error| Failure::unavailable(format!("{}: {error}", root.display())))?;
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What git prints, or `None` if it fails. The tree of a container may belong to another user, which git
    /// otherwise refuses.
    pub(crate) fn git(&self, arguments: &[&str]) -> Option<String> {
        let safe = format!("safe.directory={}", self.root.display());
        let output = Command::new("git").arg("-c").arg(safe).arg("-C").arg(&self.root).args(arguments).output();
        let Output { status, stdout, .. } = output.ok()?;
        status.success().then(|| String::from_utf8_lossy(&stdout).into_owned())
    }

    /// The regular files that are in the repository or would be after `git add`, relative to its root.
    pub(crate) fn files(&self, below: &[&str]) -> Result<Vec<String>, Failure> {
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"];
        let listed = self.git(&[&list, below].concat()).ok_or_else(|| {
            Failure::unavailable(format!("{} is not a git work tree, or git is missing", self.root.display()))
                .with("the files of the repository are read from git")
        })?;
        let mut files: Vec<String> = listed
            .split_terminator('\0')
            .filter(|file| fs::symlink_metadata(self.root.join(file)).is_ok_and(|metadata| metadata.is_file()))
            .map(str::to_owned)
            .collect();
        files.sort_unstable();
        files.dedup();
        Ok(files)
    }

    /// The files that are UTF-8 text.
    pub(crate) fn text_files(&self) -> Result<Vec<TextFile>, Failure> {
        let files = self.files(&[])?.into_iter();
        let texts =
            files.filter_map(|path| Some(TextFile { text: fs::read_to_string(self.root.join(&path)).ok()?, path }));
        Ok(texts.filter(|file| !file.text.contains('\0')).collect())
    }
}
