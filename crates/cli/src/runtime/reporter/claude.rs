//! What makes claude report: hooks, in a plugin for this one session.
//!
//! Settings would be nearer, but of two `--settings` claude reads the last alone, which may be the user's. Plugins
//! add up, and one with an event that an older claude does not know is left out, where settings would make it ask
//! somebody at its start.

use std::ffi::OsString;
use std::path::Path;

use super::{Attached, Occasion, Reporter, ReporterFile};

/// The place of a plugin's hooks, in the plugin's directory; which is the plugin's name, too.
const HOOKS: &str = "mosaic-claude/hooks/hooks.json";

pub(crate) const CLAUDE: Reporter = Reporter {
    file: Some(ReporterFile {
        name: HOOKS,
        text: include_str!("../../../../../framework/fleet/reporters/claude.json"),
    }),
    attach,
};

fn attach(occasion: &Occasion<'_>) -> Attached {
    let Some(plugin) = occasion.file.parent().and_then(Path::parent) else { return Attached::default() };
    // In one word: some versions take every word after it for one more plugin.
    let mut argument = OsString::from("--plugin-dir=");
    argument.push(plugin);
    Attached { arguments: vec![argument], ..Attached::default() }
}

#[cfg(test)]
mod tests {
    use super::super::Occasion;
    use super::{CLAUDE, HOOKS};
    use serde_json::Value;
    use std::path::Path;

    #[test]
    fn it_is_a_plugin_more() {
        let occasion =
            Occasion { file: &Path::new("/m x/fleet/reporters").join(HOOKS), further: &[], variable: &|_| None };
        let attached = (CLAUDE.attach)(&occasion);
        assert_eq!(attached.arguments, ["--plugin-dir=/m x/fleet/reporters/mosaic-claude"]);
        assert!(attached.variables.is_empty());
    }

    #[test]
    fn no_hook_can_hold_claude_up_or_tell_it_anything() {
        let plugin: Value = serde_json::from_str(CLAUDE.file.unwrap().text).unwrap();
        let events = plugin["hooks"].as_object().unwrap();
        for (event, groups) in events {
            let hook = &groups[0]["hooks"][0];
            let command = hook["command"].as_str().unwrap();
            assert!(command.starts_with("timeout 2 \"$MOSAIC_REPORTER\" agent report --from claude "), "{event}");
            assert!(command.ends_with(" >/dev/null 2>&1 || :"), "{event}");
            assert_eq!(hook["timeout"], 5, "{event}");
        }
        for needed in ["UserPromptSubmit", "PermissionRequest", "PostToolUse", "Stop", "StopFailure"] {
            assert!(events.contains_key(needed), "{needed}");
        }
    }
}
