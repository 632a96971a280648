use std::io::Write;
use std::path::PathBuf;

/// Says, loudly, that this test is skipped and what it needs; where `CI` is set, that is a failure.
pub(crate) fn skip_notice(needs: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let notice = format!("SKIPPED: {test} {needs}");
    assert!(std::env::var_os("CI").is_none(), "{notice}");
    // Not by a macro: the test runner would keep that to itself.
    let _ = writeln!(std::io::stderr(), "{notice}");
}

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

/// Whether the test may do what only root can. If not it says so, loudly; where `CI` is set, that
/// is a failure.
#[must_use]
pub fn is_root_or_skip(for_what: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skip_notice(&format!("has to be run by root, because it needs {for_what}"));
    }
    root
}
