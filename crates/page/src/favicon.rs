//! What the tab shows: each state has its own shape, not only its own colour.

use mosaic_probe::snapshot::Snapshot;

use crate::fleet_state::FleetState;

/// An icon (SVG): a green circle if all is well, an amber triangle if somebody should look, a red
/// cross if an agent is dead or missing.
#[must_use]
pub fn favicon(snapshot: &Snapshot) -> String {
    // Filled shapes with a thin rim of white, which stand out on light tabs and on dark ones.
    let shape = match FleetState::of(snapshot) {
        FleetState::Ok => r##"<circle cx="16" cy="16" r="13" fill="#1f9d4d"/>"##,
        FleetState::Warn => r##"<path d="M16 3 30 29H2z" fill="#e09b00"/>"##,
        FleetState::Down => r##"<path d="m9 3 7 7 7-7 6 6-7 7 7 7-6 6-7-7-7 7-6-6 7-7-7-7z" fill="#dc2f35"/>"##,
    };
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g stroke="#fff" stroke-width="2" stroke-linejoin="round">{shape}</g></svg>"##
    )
}

#[cfg(test)]
mod tests {
    use mosaic_probe::snapshot::Condition;

    use super::favicon;
    use crate::test_fleet;

    #[test]
    fn every_state_has_a_shape_of_its_own() {
        let table = [
            (Condition::Up, "<circle", "#1f9d4d"),
            (Condition::Stale, "<path d=\"M16 3 30 29H2z\"", "#e09b00"),
            (Condition::Dead, "<path d=\"m9 3 7 7", "#dc2f35"),
            (Condition::Missing, "<path d=\"m9 3 7 7", "#dc2f35"),
        ];
        for (condition, shape, colour) in table {
            let icon = favicon(&test_fleet::of(&[Condition::Up, condition]));
            assert!(icon.contains(shape) && icon.contains(colour), "{condition}: {icon}");
        }
    }
}
