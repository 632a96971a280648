use std::io::Write;

/// Whether the test may do what only root can. If not it says so, loudly; where `CI` is set, that
/// is a failure.
#[must_use]
pub fn is_root_or_skip(for_what: &str) -> bool {
    if rustix::process::geteuid().is_root() {
        return true;
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let notice = format!("SKIPPED: {test} has to be run by root, because it needs {for_what}");
    assert!(std::env::var_os("CI").is_none(), "{notice}");
    // Not by a macro: the test runner would keep that to itself.
    let _ = writeln!(std::io::stderr(), "{notice}");
    false
}
