//! Makes copilot report by hooks, in a plugin that is loaded for one session.
//!
//! With the names of claude's events, copilot passes them in claude's form. It runs hooks for permissions also where
//! everything is permitted; only its notifications say that it waits.

use std::ffi::OsString;
use std::path::Path;

use super::{Attachment, ReporterFile};

/// The description of the plugin, in its directory, and the hooks that it names.
pub(super) const FILES: [ReporterFile; 2] = [
    ReporterFile {
        name: "mosaic-copilot/plugin.json",
        text: include_str!("../../../../framework/fleet/reporters/copilot-plugin.json"),
    },
    ReporterFile {
        name: "mosaic-copilot/hooks.json",
        text: include_str!("../../../../framework/fleet/reporters/copilot.json"),
    },
];

/// A plugin is added to those of the user, also to those of other such options.
pub(super) fn attach(description: &Path) -> Attachment {
    let Some(plugin) = description.parent() else { return Attachment::default() };
    let mut argument = OsString::from("--plugin-dir=");
    argument.push(plugin);
    Attachment { arguments: vec![argument], ..Attachment::default() }
}

#[cfg(test)]
mod tests {
    use super::{FILES, attach};
    use serde_json::Value;
    use std::path::Path;

    #[test]
    fn the_plugin_names_its_hooks_and_is_added_to_those_of_the_user() {
        let [description, hooks] = FILES;
        let attached = attach(&Path::new("/m x/fleet/reporters").join(description.name));
        assert_eq!(attached.arguments, ["--plugin-dir=/m x/fleet/reporters/mosaic-copilot"]);
        let plugin: Value = serde_json::from_str(description.text).unwrap();
        let named = Path::new(description.name).with_file_name(plugin["hooks"].as_str().unwrap());
        assert_eq!(named, Path::new(hooks.name));
    }

    #[test]
    fn a_hook_cannot_delay_copilot_or_print_anything() {
        let hooks: Value = serde_json::from_str(FILES[1].text).unwrap();
        let events = hooks["hooks"].as_object().unwrap();
        for (event, commands) in events {
            let command = commands[0]["bash"].as_str().unwrap();
            assert!(command.starts_with("timeout 2 \"$MOSAIC_REPORTER\" agent report --from copilot "), "{event}");
            assert!(command.ends_with(" >/dev/null 2>&1 || :"), "{event}");
        }
        assert!(!events.contains_key("PermissionRequest"), "it runs although everything is permitted");
        assert!(!events.contains_key("SessionStart"), "it runs with the first prompt, when copilot works");
    }
}
