use std::io::Write;
use std::path::PathBuf;

/// Prints that this test is skipped and what it needs. If `CI` is set, that is a panic.
pub(crate) fn skip_notice(needs: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let notice = format!("SKIPPED: {test} {needs}");
    assert!(std::env::var_os("CI").is_none(), "{notice}");
    // libtest captures the output of `eprintln!`, but not this.
    let _ = writeln!(std::io::stderr(), "{notice}");
}

/// Finds a third-party program that a test needs, for example `promtool`, or returns `None` with a skip notice if it is
/// not on `PATH`. If `CI` is set, that is a panic.
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

/// Whether the test runs as root. If not, prints a skip notice; if `CI` is set, that is a panic.
#[must_use]
pub fn is_root_or_skip(for_what: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skip_notice(&format!("requires root for {for_what}"));
    }
    root
}
