//! Makes claude report by hooks, in a plugin that is loaded for one session.
//!
//! Of several `--settings` options claude reads only the last, which may be the user's. Plugins add up, and claude
//! ignores a plugin's hook for an event that it does not know, while in settings it asks about such a hook at its
//! start.

use std::ffi::OsString;
use std::path::Path;

use super::{Attachment, ReporterFile};

/// The hooks. The first component of the path is the plugin's directory and name.
pub(super) const FILE: ReporterFile = ReporterFile {
    name: "mosaic-claude/hooks/hooks.json",
    text: include_str!("../../../../framework/fleet/reporters/claude.json"),
};

pub(super) fn attach(file: &Path) -> Attachment {
    let Some(plugin) = file.parent().and_then(Path::parent) else { return Attachment::default() };
    // One word, because some versions take every word after the option for another plugin.
    let mut argument = OsString::from("--plugin-dir=");
    argument.push(plugin);
    Attachment { arguments: vec![argument], ..Attachment::default() }
}

#[cfg(test)]
mod tests {
    use super::{FILE, attach};
    use serde_json::Value;
    use std::path::Path;

    #[test]
    fn the_plugin_is_added_to_those_of_the_user() {
        let attached = attach(&Path::new("/m x/fleet/reporters").join(FILE.name));
        assert_eq!(attached.arguments, ["--plugin-dir=/m x/fleet/reporters/mosaic-claude"]);
        assert!(attached.variables.is_empty());
    }

    #[test]
    fn a_hook_cannot_delay_claude_or_print_anything() {
        let plugin: Value = serde_json::from_str(FILE.text).unwrap();
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
