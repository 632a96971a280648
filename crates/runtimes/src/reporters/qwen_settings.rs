//! Makes qwen report by hooks, in a file of defaults to which the user's own settings are added.
//!
//! The events are those of claude. The file also turns off what an agent must not do by itself: replace its program while it
//! works, and put a suggestion of the model's into its composer, where it looks like a draft.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Attachment, ReporterFile};

pub(super) const FILE: ReporterFile =
    ReporterFile { name: "qwen.json", text: include_str!("../../../../framework/fleet/reporters/qwen.json") };

/// Names the file with the defaults. It has the lowest rank: hooks of all files run, and of other settings the user's apply.
const DEFAULTS: &str = "QWEN_CODE_SYSTEM_DEFAULTS_PATH";
/// Names the file with the host's settings. The host's defaults are beside it.
const SETTINGS: &str = "QWEN_CODE_SYSTEM_SETTINGS_PATH";

/// Attaches nothing where the host has defaults of its own, which ours would replace.
pub(super) fn attach(file: &Path, variable: impl Fn(&str) -> Option<OsString>) -> Attachment {
    let is_set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let settings = is_set(SETTINGS).map_or_else(|| PathBuf::from("/etc/qwen-code/settings.json"), PathBuf::from);
    if is_set(DEFAULTS).is_some() || settings.with_file_name("system-defaults.json").exists() {
        return Attachment::default();
    }
    Attachment { variables: vec![(DEFAULTS.to_owned(), file.into())], ..Attachment::default() }
}

#[cfg(test)]
mod tests {
    use super::{DEFAULTS, FILE, SETTINGS, attach};
    use serde_json::Value;
    use std::ffi::OsString;
    use std::fs;
    use std::path::Path;

    #[test]
    fn defaults_of_the_host_are_not_replaced() {
        let host = tempfile::tempdir().unwrap();
        let file = Path::new("/m/fleet/reporters/qwen.json");
        let attached = |set: &[(&str, &Path)]| {
            let value =
                |wanted: &str| set.iter().find(|(name, _)| *name == wanted).map(|(_, path)| OsString::from(path));
            attach(file, value).variables
        };
        let settings = host.path().join("settings.json");
        let ours = vec![(DEFAULTS.to_owned(), file.into())];
        assert_eq!(attached(&[(SETTINGS, &settings)]), ours);
        assert_eq!(attached(&[(SETTINGS, &settings), (DEFAULTS, Path::new("/site.json"))]), []);
        fs::write(host.path().join("system-defaults.json"), "{}").unwrap();
        assert_eq!(attached(&[(SETTINGS, &settings)]), []);
    }

    #[test]
    fn a_hook_cannot_delay_qwen_or_print_anything() {
        let defaults: Value = serde_json::from_str(FILE.text).unwrap();
        let events = defaults["hooks"].as_object().unwrap();
        for (event, groups) in events {
            let hook = &groups[0]["hooks"][0];
            let command = hook["command"].as_str().unwrap();
            assert!(command.starts_with("timeout 2 \"$MOSAIC_REPORTER\" agent report --from claude "), "{event}");
            assert!(command.ends_with(" >/dev/null 2>&1 || :"), "{event}");
        }
        for needed in ["SessionStart", "UserPromptSubmit", "PermissionRequest", "PostToolUse", "Stop", "StopFailure"] {
            assert!(events.contains_key(needed), "{needed}");
        }
    }
}
