//! Makes opencode report by a plugin, in addition to the user's own plugins.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use mosaic_domain::env_var;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::{Map, Value};

use super::{Attachment, ReporterFile};

pub(super) const FILE: ReporterFile = ReporterFile {
    name: "opencode.js",
    text: concat!(
        include_str!("../../../../framework/fleet/reporters/reporter.js"),
        include_str!("../../../../framework/fleet/reporters/opencode.js")
    ),
};

/// The variable with the configuration that opencode reads after all files and in addition to them.
const CONTENT: &str = "OPENCODE_CONFIG_CONTENT";
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// opencode loads the plugins of all configurations. The variable holds only one configuration, so the plugin is added
/// to the user's. A value that is not plain JSON stays unchanged, because opencode may still understand it.
pub(super) fn attach(
    file: &Path,
    working_directory: &Path,
    user_arguments: &[OsString],
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Attachment {
    if !starts_without_delay(working_directory, user_arguments, variable) {
        return Attachment::default();
    }
    let configuration = variable(CONTENT).unwrap_or_default();
    let extended = configuration.to_str().and_then(|configuration| with_plugin(configuration, &url(file)));
    Attachment {
        variables: extended.map(|extended| (CONTENT.to_owned(), OsString::from(extended))).into_iter().collect(),
        ..Attachment::default()
    }
}

fn url(file: &Path) -> String {
    format!("file://{}", percent_encode(file.as_os_str().as_bytes(), PATH))
}

/// Returns the configuration with one more plugin. The rest of its text stays unchanged, because the order of
/// permissions matters.
fn with_plugin(configuration: &str, plugin: &str) -> Option<String> {
    let configuration = if configuration.trim().is_empty() { "{}" } else { configuration };
    let parsed: Map<String, Value> = serde_json::from_str(configuration).ok()?;
    let mut plugins = match parsed.get("plugin") {
        None => Vec::new(),
        Some(Value::Array(plugins)) => plugins.clone(),
        Some(_) => return None,
    };
    plugins.push(plugin.into());
    let open = configuration.trim_end().strip_suffix('}')?;
    let comma = if parsed.is_empty() { "" } else { "," };
    // Of two keys with the same name, the last applies.
    Some(format!("{open}{comma}\"plugin\":{}}}", Value::Array(plugins)))
}

/// Returns whether opencode starts without delay although it has a plugin.
///
/// opencode installs a package of its own beside each configuration, and waits for that if it has a plugin: for
/// minutes and without a screen, where no package registry answers. So it gets the plugin only once the package is
/// installed, which any start with a network does.
fn starts_without_delay(
    working_directory: &Path,
    user_arguments: &[OsString],
    variable: impl Fn(&str) -> Option<OsString>,
) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = set(env_var::HOME);
    let Some(global) = set("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config"))) else { return false };
    // An argument may name the project.
    let projects = user_arguments.iter().map(|word| working_directory.join(word)).filter(|path| path.is_dir());
    let projects: Vec<PathBuf> = projects.chain([working_directory.to_path_buf()]).collect();
    let around = projects.iter().flat_map(|project| project.ancestors()).chain(home.as_deref());
    let local = around.map(|directory| directory.join(".opencode")).filter(|directory| directory.is_dir());
    let is_installed = |directory: PathBuf| {
        let lock = directory.join("package-lock.json");
        directory.join("node_modules/@opencode-ai/plugin").is_dir() && lock.is_file()
    };
    [global.join("opencode")].into_iter().chain(set("OPENCODE_CONFIG_DIR")).chain(local).all(is_installed)
}

#[cfg(test)]
mod tests {
    use super::{attach, starts_without_delay, url, with_plugin};
    use std::ffi::OsString;
    use std::fs;
    use std::path::Path;

    #[test]
    fn the_users_configuration_is_kept() {
        let table: [(&str, Option<&str>); 10] = [
            ("", Some(r#"{"plugin":["p"]}"#)),
            (" \n", Some(r#"{"plugin":["p"]}"#)),
            ("{ }", Some(r#"{ "plugin":["p"]}"#)),
            (r#"{"z":{"b":1,"a":2}} "#, Some(r#"{"z":{"b":1,"a":2},"plugin":["p"]}"#)),
            (r#"{"plugin":["u"],"a":1}"#, Some(r#"{"plugin":["u"],"a":1,"plugin":["u","p"]}"#)),
            (r#"{"plugin":[["u",{"x":1}]]}"#, Some(r#"{"plugin":[["u",{"x":1}]],"plugin":[["u",{"x":1}],"p"]}"#)),
            (r#"{"plugin":"u"}"#, None),
            ("{} // note", None),
            ("[]", None),
            ("{", None),
        ];
        for (theirs, expected) in table {
            assert_eq!(with_plugin(theirs, "p").as_deref(), expected, "{theirs}");
        }
    }

    #[test]
    fn the_plugin_is_added_only_where_opencode_starts_without_delay() {
        let config = tempfile::tempdir().unwrap();
        fs::create_dir_all(config.path().join("opencode/node_modules/@opencode-ai/plugin")).unwrap();
        let set = |theirs: Option<&str>| {
            let variable = |name: &str| match name {
                "XDG_CONFIG_HOME" => Some(config.path().into()),
                "OPENCODE_CONFIG_CONTENT" => theirs.map(OsString::from),
                _ => None,
            };
            let file = Path::new("/m/opencode.js");
            attach(file, Path::new("/"), &[], &variable)
        };
        assert!(set(None).variables.is_empty(), "opencode would wait");
        fs::write(config.path().join("opencode/package-lock.json"), "").unwrap();
        let ours = [("OPENCODE_CONFIG_CONTENT".to_owned(), OsString::from(r#"{"plugin":["file:///m/opencode.js"]}"#))];
        assert_eq!(set(None).variables, ours);
        assert!(set(None).arguments.is_empty());
        assert!(set(Some("{,}")).variables.is_empty());
    }

    #[test]
    fn special_characters_of_a_path_are_encoded() {
        assert_eq!(url(Path::new("/a b/#1/é/{env:X}/p.js")), "file:///a%20b/%231/%C3%A9/%7Benv%3AX%7D/p.js");
    }

    fn put(directory: &Path, is_installed: bool) {
        let parts: &[&str] = if is_installed { &["node_modules/@opencode-ai/plugin"] } else { &["command"] };
        for part in parts {
            fs::create_dir_all(directory.join(part)).unwrap();
        }
        if is_installed {
            fs::write(directory.join("package-lock.json"), "").unwrap();
        }
    }

    #[test]
    fn opencode_waits_where_its_package_is_not_installed() {
        // Whether the package is installed: globally, in the project, above it, in a project that is named, in the
        // directory of the variable.
        let table = [
            ([Some(true), None, None, None, None], true),
            ([None; 5], false),
            ([Some(false), None, None, None, None], false),
            ([Some(true); 5], true),
            ([Some(true), Some(false), None, None, None], false),
            ([Some(true), None, Some(false), None, None], false),
            ([Some(true), None, None, Some(false), None], false),
            ([Some(true), None, None, None, Some(false)], false),
        ];
        for (places, expected) in table {
            let root = tempfile::tempdir().unwrap();
            let root = root.path();
            let names = ["h/.config/opencode", "w/p/.opencode", "w/.opencode", "other/.opencode", "own"];
            fs::create_dir_all(root.join("w/p")).unwrap();
            for (name, is_installed) in names.iter().zip(places) {
                if let Some(is_installed) = is_installed {
                    put(&root.join(name), is_installed);
                }
            }
            let variable = |name: &str| match name {
                "HOME" => Some(OsString::from(root.join("h"))),
                "OPENCODE_CONFIG_DIR" => places[4].map(|_| root.join("own").into()),
                _ => None,
            };
            let user_arguments = ["--continue".into(), root.join("other").into()];
            assert_eq!(starts_without_delay(&root.join("w/p"), &user_arguments, variable), expected, "{places:?}");
        }
        assert!(!starts_without_delay(Path::new("/"), &[], |_| None), "the directory is unknown");
    }
}
