use crate::skip_notice::skip_notice;
use std::path::PathBuf;

/// Where a program is that a test needs and this product does not: `promtool`, a browser. If it is
/// not on `PATH` the test says so, loudly, and has to skip what needs it; where `CI` is set, that is a
/// failure.
#[must_use]
pub fn required_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| runs(file));
    if found.is_none() {
        skip_notice(&format!("needs {name}, which is not on PATH"));
    }
    found
}

pub(crate) fn runs(file: &std::path::Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}
