//! Durations as people say them.

use std::time::Duration;

/// The two largest units: `3 d 4 h`, `2 h 5 min`, `41 s`, `0.2 s`.
pub(super) fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds) {
        (0, 0, 0, 0..10) => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        (0, 0, 0, _) => format!("{seconds} s"),
        (0, 0, _, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration_text;
    use std::time::Duration;

    #[test]
    fn the_two_largest_units_are_said() {
        let table =
            [(0.26, "0.2 s"), (41.0, "41 s"), (125.0, "2 min 5 s"), (7500.0, "2 h 5 min"), (273_600.0, "3 d 4 h")];
        for (seconds, expected) in table {
            assert_eq!(duration_text(Duration::from_secs_f64(seconds)), expected);
        }
    }
}
