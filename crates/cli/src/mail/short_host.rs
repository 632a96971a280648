//! What this host is called.

/// Its name to the first dot; `localhost` where it has none.
pub(crate) fn short_host() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy();
    let short = name.split('.').next().unwrap_or_default();
    if short.is_empty() { "localhost".to_owned() } else { short.to_owned() }
}
