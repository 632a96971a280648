//! Where a unit is on the bus.

use std::fmt::Write as _;

use crate::UnitName;

/// The path of a unit's object. The manager loads a unit that is asked for by it, so there is no
/// need to ask for the path before.
pub(crate) fn of_unit(unit: &UnitName) -> String {
    let mut path = "/org/freedesktop/systemd1/unit/".to_owned();
    for (position, byte) in unit.as_str().bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (byte.is_ascii_digit() && position > 0) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "_{byte:02x}");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::of_unit;

    #[test]
    fn everything_but_letters_and_digits_is_escaped_and_a_digit_in_front_too() {
        let table =
            [("mosaic-agent@a_0.service", "mosaic_2dagent_40a_5f0_2eservice"), ("0a.service", "_30a_2eservice")];
        for (unit, path) in table {
            let expected = format!("/org/freedesktop/systemd1/unit/{path}");
            assert_eq!(of_unit(&unit.parse().unwrap()), expected);
        }
    }
}
