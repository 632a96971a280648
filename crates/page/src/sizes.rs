//! Sizes for people.

/// `812B`, `3.4K`, `120M`, `1.2G`: three digits at most, in powers of 1024, as `ps` shows them.
pub(crate) fn bytes(size: u64) -> String {
    const UNITS: [&str; 4] = ["K", "M", "G", "T"];
    if size < 1000 {
        return format!("{size}B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
    let mut scaled = size as f64 / 1024.0;
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(scaled < 9.95);
    format!("{scaled:.digits$}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_have_three_digits_at_most() {
        let table = [
            (0, "0B"),
            (999, "999B"),
            (1000, "1.0K"),
            (3_500, "3.4K"),
            (1_023_900, "1.0M"),
            (125_829_120, "120M"),
            (1_288_490_188, "1.2G"),
            (u64::MAX, "16777216T"),
        ];
        for (size, expected) in table {
            assert_eq!(bytes(size), expected, "{size}");
        }
    }
}
