//! The files that an install ships: units, compatibility scripts and the names of the programs.

use std::path::{Path, PathBuf};

use mosaic_systemd::UnitName;

use crate::{Layout, PathState, ProvisionError};

/// The names of the installed programs, which are in one directory.
pub const PROGRAMS: [&str; 5] = ["start-agent-session", "agent-sidecar", "agent-pane", "mosaic", EXPORTER];

/// The name of the exporter's program.
pub(crate) const EXPORTER: &str = "mosaic-fleet-exporter";

/// The shipped units: file name and text.
pub const UNIT_FILES: [(&str, &str); 6] = [
    ("mosaic-tmux-holder.service", include_str!("../../../framework/systemd/user/mosaic-tmux-holder.service")),
    ("mosaic-agent@.service", include_str!("../../../framework/systemd/user/mosaic-agent@.service")),
    ("mosaic-fleet-exporter.service", include_str!("../../../framework/systemd/user/mosaic-fleet-exporter.service")),
    ("mosaic-fleet-exporter.socket", include_str!("../../../framework/systemd/user/mosaic-fleet-exporter.socket")),
    ("mosaic-fleet-outbox.service", include_str!("../../../framework/systemd/user/mosaic-fleet-outbox.service")),
    ("mosaic-fleet-outbox.timer", include_str!("../../../framework/systemd/user/mosaic-fleet-outbox.timer")),
];

/// The shipped scripts that replace those of older tools and call `mosaic agent send`: file name and text.
pub const COMPAT_SCRIPTS: [(&str, &str); 2] = [
    ("agent-send.sh", include_str!("../../../framework/tools/tmux/agent-send.sh")),
    ("send-message.sh", include_str!("../../../framework/tools/tmux/send-message.sh")),
];

/// The shipped script that replaces the older launcher, beside the programs: file name and text.
const LAUNCHER_SCRIPT: (&str, &str) =
    ("start-agent-session.sh", include_str!("../../../framework/tools/fleet/start-agent-session.sh"));

/// The paths and texts of all scripts that replace those of older tools.
pub(crate) fn compat_script_files(layout: &Layout) -> impl Iterator<Item = (PathBuf, &'static str)> {
    let messages = COMPAT_SCRIPTS.map(|(name, text)| (layout.compat_scripts().join(name), text));
    let (name, text) = LAUNCHER_SCRIPT;
    messages.into_iter().chain([(layout.tools().join(name), text)])
}

/// The second line of every installed script. A script without it belongs to another tool.
const SCRIPT_HEADER: &str = "# Written by `mosaic fleet install`, and again by the next one: another tool's file of this name is kept beside it.";

/// The first line of every installed unit. A unit without it belongs to the site.
pub const GENERATED_HEADER: &str =
    "# Written by `mosaic fleet install`, and again by the next one: change it by a drop-in (systemctl --user edit).\n";

/// The fleet's home in the shipped units, with systemd's specifier for the user's home.
const DEFAULT_HOME: &str = "%h/.config/mosaic";

/// Renders a shipped unit for the fleet's home of this layout.
pub(crate) fn render_unit(shipped: &str, layout: &Layout) -> Result<String, ProvisionError> {
    if !shipped.contains(DEFAULT_HOME) {
        return Ok(format!("{GENERATED_HEADER}{shipped}"));
    }
    if layout.has_default_home() {
        check_characters(layout.mosaic_home(), |c| !is_valid_in_expanded_path(c))?;
        return Ok(format!("{GENERATED_HEADER}{shipped}"));
    }
    let home = unit_safe(layout.mosaic_home())?.replace('%', "%%");
    let mut text = GENERATED_HEADER.to_owned();
    for line in shipped.lines() {
        // Only command lines are split at spaces, see systemd.syntax(7).
        let home = if line.starts_with("Exec") { &home.replace(' ', "\\x20") } else { &home };
        text.push_str(&line.replace(DEFAULT_HOME, home));
        text.push('\n');
        if line == "[Service]" {
            // It comes first, so that the other lines of the section keep their order.
            text.push_str("Environment=\"MOSAIC_HOME=");
            text.push_str(home);
            text.push_str("\"\n");
        }
    }
    Ok(text)
}

/// The fleet's home in an installed unit; `None` for the default home.
pub(crate) fn home_of(unit: &str) -> Option<&str> {
    unit.lines().find_map(|line| line.strip_prefix("Environment=\"MOSAIC_HOME=")?.strip_suffix('"'))
}

/// The home of another fleet for which the installed units were rendered; `None` if they belong to this layout's home
/// or to the site. A user has one set of units, which belongs to the fleet that was installed last.
///
/// # Errors
/// The unit cannot be read.
pub fn other_fleet(layout: &Layout) -> Result<Option<String>, ProvisionError> {
    let state = match PathState::read(&layout.units().join(UnitName::AGENT_TEMPLATE)) {
        Err(ProvisionError::NotUtf8(_)) => return Ok(None),
        state => state?,
    };
    let Some(unit) = state.text().filter(|text| text.starts_with(GENERATED_HEADER)) else { return Ok(None) };
    let home = home_of(unit);
    let is_own = match home {
        None => layout.has_default_home(),
        // A home with unsupported characters is in no unit.
        Some(home) => unit_safe(layout.mosaic_home()).is_ok_and(|own| own.replace('%', "%%") == home),
    };
    Ok((!is_own).then(|| home.map_or_else(|| "the default home".to_owned(), |home| home.replace("%%", "%"))))
}

/// Whether systemd accepts a path in which `%h` was expanded to a text with this character. It refuses control
/// characters, quotes and backslashes, and takes the characters of patterns literally nowhere but in patterns.
fn is_valid_in_expanded_path(c: char) -> bool {
    !c.is_control() && !"\"'\\*?[".contains(c)
}

/// The path as text, if a unit file can contain it.
fn unit_safe(path: &Path) -> Result<&str, ProvisionError> {
    let is_unsafe =
        |c: char| c.is_control() || (c.is_ascii() && !c.is_ascii_alphanumeric() && !"/._-+@,:=~ %".contains(c));
    check_characters(path, is_unsafe)
}

/// The path as text, if it is UTF-8 and has no character that `is_unsafe`.
fn check_characters(path: &Path, is_unsafe: impl Fn(char) -> bool) -> Result<&str, ProvisionError> {
    let refused = |character| ProvisionError::InvalidHome { path: path.to_owned(), character };
    let text = path.to_str().ok_or_else(|| refused(char::REPLACEMENT_CHARACTER))?;
    text.chars().find(|c| is_unsafe(*c)).map_or(Ok(text), |character| Err(refused(character)))
}

/// Whether this is an installed compatibility script.
pub(crate) fn is_compat_script(state: &PathState) -> bool {
    state.text().is_some_and(|text| text.lines().nth(1) == Some(SCRIPT_HEADER))
}

#[cfg(test)]
mod tests {
    use super::{COMPAT_SCRIPTS, GENERATED_HEADER, LAUNCHER_SCRIPT, UNIT_FILES, is_compat_script, render_unit};
    use crate::PathState;
    use crate::layout::tests::layout;

    #[test]
    fn units_for_the_default_home_are_the_shipped_ones() {
        let layout = layout(&[("HOME", "/h")]);
        for (_, shipped) in UNIT_FILES {
            assert_eq!(render_unit(shipped, &layout).unwrap(), format!("{GENERATED_HEADER}{shipped}"));
        }
    }

    #[test]
    fn another_home_is_escaped_as_each_line_requires() {
        let layout = layout(&[("HOME", "/h"), ("MOSAIC_HOME", "/srv/100% mine")]);
        let [(_, holder), (_, agent), (_, exporter), (_, socket), (_, outbox), (_, timer)] = UNIT_FILES;
        let agent = render_unit(agent, &layout).unwrap();
        for line in [
            "Environment=\"MOSAIC_HOME=/srv/100%% mine\"",
            "ExecStart=/srv/100%%\\x20mine/tools/fleet/start-agent-session --foreground %i",
            "ExecStopPost=-/srv/100%%\\x20mine/tools/fleet/agent-sidecar --after-stop %i",
        ] {
            assert!(agent.lines().any(|there| there == line), "{line}\n{agent}");
        }
        let exporter = render_unit(exporter, &layout).unwrap();
        for part in [
            "Environment=\"MOSAIC_HOME=/srv/100%% mine\"\n",
            "EnvironmentFile=-/srv/100%% mine/fleet/exporter.env\n",
            "ExecStart=/srv/100%%\\x20mine/tools/fleet/mosaic-fleet-exporter --web.systemd-socket ",
        ] {
            assert!(exporter.contains(part), "{part}\n{exporter}");
        }
        let outbox = render_unit(outbox, &layout).unwrap();
        for part in [
            "Environment=\"MOSAIC_HOME=/srv/100%% mine\"\n",
            "ConditionPathExistsGlob=/srv/100%% mine/fleet/outbox/*/.waiting\n",
            "ExecStart=/srv/100%%\\x20mine/tools/fleet/mosaic agent outbox deliver\n",
        ] {
            assert!(outbox.contains(part), "{part}\n{outbox}");
        }
        assert!(!agent.contains("%h") && !exporter.contains("%h") && !outbox.contains("%h"));
        for unit in [holder, socket, timer] {
            assert!(!render_unit(unit, &layout).unwrap().contains("/srv"));
        }
    }

    #[test]
    fn a_home_with_an_unsupported_character_is_refused() {
        for (home, character) in [("/a$b", '$'), ("/a\"b", '"'), ("/a\\b", '\\'), ("/a;b", ';'), ("/a\nb", '\n')] {
            let error = render_unit(UNIT_FILES[1].1, &layout(&[("HOME", "/h"), ("MOSAIC_HOME", home)])).unwrap_err();
            assert!(error.to_string().contains(&format!("{character:?}")), "{error}");
        }
    }

    #[test]
    fn a_user_home_that_systemd_refuses_in_paths_is_refused() {
        let render = |home: &str| render_unit(UNIT_FILES[1].1, &layout(&[("HOME", home)]));
        for (home, character) in
            [("/a\"b", '"'), ("/it's", '\''), ("/a\\b", '\\'), ("/a\nb", '\n'), ("/a\u{7f}", '\u{7f}'), ("/a[b", '[')]
        {
            let error = render(home).unwrap_err().to_string();
            assert!(error.contains(&format!("{character:?}")), "{error}");
        }
        for home in ["/100% mine", "/a$b", "/a;b", "/(a)", "/ä"] {
            assert!(render(home).is_ok(), "{home}");
        }
    }

    #[test]
    fn installed_scripts_are_distinguished_from_those_of_other_tools() {
        for (name, shipped) in COMPAT_SCRIPTS.into_iter().chain([LAUNCHER_SCRIPT]) {
            let is_ours = |text: &str| is_compat_script(&PathState::File { mode: 0o755, text: text.to_owned() });
            assert!(is_ours(shipped) && is_ours(&format!("{shipped}# changed by hand\n")), "{name}");
            assert!(!is_ours("#!/usr/bin/env bash\n# agent-send.sh: send a message to an agent's pane\n"));
        }
        assert!(!is_compat_script(&PathState::Missing));
        assert!(!is_compat_script(&PathState::Link("/checkout/agent-send.sh".into())));
    }
}
