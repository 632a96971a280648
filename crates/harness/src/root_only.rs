use crate::skip_notice::skip_notice;

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
