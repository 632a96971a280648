use std::io::Write;

/// Says, loudly, that this test is skipped and what it needs; where `CI` is set, that is a failure.
pub(crate) fn skip_notice(needs: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let notice = format!("SKIPPED: {test} {needs}");
    assert!(std::env::var_os("CI").is_none(), "{notice}");
    // Not by a macro: the test runner would keep that to itself.
    let _ = writeln!(std::io::stderr(), "{notice}");
}
