//! The units as they are installed.

use std::path::Path;

use mosaic_systemd::UnitName;

use crate::{Found, Layout, ProvisionError};

/// The programs that are installed side by side.
pub const PROGRAMS: [&str; 5] = ["start-agent-session", "agent-sidecar", "agent-pane", "mosaic", EXPORTER];

/// The one of them that serves metrics.
pub(crate) const EXPORTER: &str = "mosaic-fleet-exporter";

/// The units, by name, as they are shipped.
pub const UNIT_FILES: [(&str, &str); 6] = [
    ("mosaic-tmux-holder.service", include_str!("../../../framework/systemd/user/mosaic-tmux-holder.service")),
    ("mosaic-agent@.service", include_str!("../../../framework/systemd/user/mosaic-agent@.service")),
    ("mosaic-fleet-exporter.service", include_str!("../../../framework/systemd/user/mosaic-fleet-exporter.service")),
    ("mosaic-fleet-exporter.socket", include_str!("../../../framework/systemd/user/mosaic-fleet-exporter.socket")),
    ("mosaic-fleet-outbox.service", include_str!("../../../framework/systemd/user/mosaic-fleet-outbox.service")),
    ("mosaic-fleet-outbox.timer", include_str!("../../../framework/systemd/user/mosaic-fleet-outbox.timer")),
];

/// The first line of every unit that we write: what lacks it is a site's own.
pub const GENERATED: &str =
    "# Written by `mosaic fleet install`, and again by the next one: change it by a drop-in (systemctl --user edit).\n";

const DEFAULT_HOME: &str = "%h/.config/mosaic";

/// A unit for the fleet's home of this layout.
pub(crate) fn render(shipped: &str, layout: &Layout) -> Result<String, ProvisionError> {
    if layout.has_default_home() || !shipped.contains(DEFAULT_HOME) {
        return Ok(format!("{GENERATED}{shipped}"));
    }
    let home = writable(layout.mosaic_home())?.replace('%', "%%");
    let mut text = GENERATED.to_owned();
    for line in shipped.lines() {
        // Only command lines are split into words (systemd.syntax(7)).
        let home = if line.starts_with("Exec") { &home.replace(' ', "\\x20") } else { &home };
        text.push_str(&line.replace(DEFAULT_HOME, home));
        text.push('\n');
        if line == "[Service]" {
            // Before the unit's own, so that the order of its lines stays.
            text.push_str("Environment=\"MOSAIC_HOME=");
            text.push_str(home);
            text.push_str("\"\n");
        }
    }
    Ok(text)
}

/// The fleet's home that a unit of ours names.
pub(crate) fn home_of(unit: &str) -> Option<&str> {
    unit.lines().find_map(|line| line.strip_prefix("Environment=\"MOSAIC_HOME=")?.strip_suffix('"'))
}

/// The other fleet's home that our units are for by now; nothing if they are for this layout's, or not
/// ours at all. A user has one fleet of units, which is that of the home that was installed last.
///
/// # Errors
/// The unit cannot be read.
pub fn other_fleet(layout: &Layout) -> Result<Option<String>, ProvisionError> {
    let found = match Found::look(&layout.units().join(UnitName::AGENT_TEMPLATE)) {
        Err(ProvisionError::NotText(_)) => return Ok(None),
        found => found?,
    };
    let Some(unit) = found.text().filter(|text| text.starts_with(GENERATED)) else { return Ok(None) };
    let home = home_of(unit);
    let is_own = match home {
        None => layout.has_default_home(),
        // A home that no unit can name is in none.
        Some(home) => writable(layout.mosaic_home()).is_ok_and(|own| own.replace('%', "%%") == home),
    };
    Ok((!is_own).then(|| home.map_or_else(|| "the default one".to_owned(), |home| home.replace("%%", "%"))))
}

/// A path without anything that a unit file would take for something else.
fn writable(path: &Path) -> Result<&str, ProvisionError> {
    let refused = |character| ProvisionError::UnwritableHome { path: path.to_owned(), character };
    let text = path.to_str().ok_or_else(|| refused(char::REPLACEMENT_CHARACTER))?;
    let unwritable =
        |c: char| c.is_control() || (c.is_ascii() && !c.is_ascii_alphanumeric() && !"/._-+@,:=~ %".contains(c));
    text.chars().find(|c| unwritable(*c)).map_or(Ok(text), |character| Err(refused(character)))
}

#[cfg(test)]
mod tests {
    use super::{GENERATED, UNIT_FILES, render};
    use crate::layout::tests::layout;

    #[test]
    fn the_default_home_leaves_the_units_as_they_are_shipped() {
        let layout = layout(&[("HOME", "/h")]);
        for (_, shipped) in UNIT_FILES {
            assert_eq!(render(shipped, &layout).unwrap(), format!("{GENERATED}{shipped}"));
        }
    }

    #[test]
    fn another_home_is_in_every_line_that_needs_it_written_as_that_line_reads_it() {
        let layout = layout(&[("HOME", "/h"), ("MOSAIC_HOME", "/srv/100% mine")]);
        let [(_, holder), (_, agent), (_, exporter), (_, socket), (_, outbox), (_, timer)] = UNIT_FILES;
        let agent = render(agent, &layout).unwrap();
        for line in [
            "Environment=\"MOSAIC_HOME=/srv/100%% mine\"",
            "EnvironmentFile=-/srv/100%% mine/fleet/agents/%i.env",
            "ExecStart=/srv/100%%\\x20mine/tools/fleet/start-agent-session --foreground %i",
            "ExecStopPost=-/srv/100%%\\x20mine/tools/fleet/agent-sidecar --after-stop %i",
        ] {
            assert!(agent.lines().any(|there| there == line), "{line}\n{agent}");
        }
        let exporter = render(exporter, &layout).unwrap();
        for part in [
            "Environment=\"MOSAIC_HOME=/srv/100%% mine\"\n",
            "EnvironmentFile=-/srv/100%% mine/fleet/exporter.env\n",
            "ExecStart=/srv/100%%\\x20mine/tools/fleet/mosaic-fleet-exporter --web.systemd-socket ",
        ] {
            assert!(exporter.contains(part), "{part}\n{exporter}");
        }
        let outbox = render(outbox, &layout).unwrap();
        for part in [
            "Environment=\"MOSAIC_HOME=/srv/100%% mine\"\n",
            "ConditionPathExistsGlob=/srv/100%% mine/fleet/outbox/*/.waiting\n",
            "ExecStart=/srv/100%%\\x20mine/tools/fleet/mosaic agent outbox deliver\n",
        ] {
            assert!(outbox.contains(part), "{part}\n{outbox}");
        }
        assert!(!agent.contains("%h") && !exporter.contains("%h") && !outbox.contains("%h"));
        for unit in [holder, socket, timer] {
            assert!(!render(unit, &layout).unwrap().contains("/srv"));
        }
    }

    #[test]
    fn a_home_that_a_unit_would_read_otherwise_is_refused_by_its_character() {
        for (home, character) in [("/a$b", '$'), ("/a\"b", '"'), ("/a\\b", '\\'), ("/a;b", ';'), ("/a\nb", '\n')] {
            let error = render(UNIT_FILES[1].1, &layout(&[("HOME", "/h"), ("MOSAIC_HOME", home)])).unwrap_err();
            assert!(error.to_string().contains(&format!("{character:?}")), "{error}");
        }
    }
}
