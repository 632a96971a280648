//! Seconds as people and heartbeat files write them.

use std::time::Duration;

/// Reads decimal seconds: digits, and up to nine more behind a point. Nothing else that a
/// floating-point parser would take (`1e3`, `inf`, `+1`, `.5`).
#[must_use]
pub fn decimal_seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    Some(Duration::new(whole.parse().ok()?, format!("{fraction:0<9}").parse().ok()?))
}
