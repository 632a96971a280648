//! What makes opencode report: a plugin, besides the user's own.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::{Map, Value};

use super::opencode_ready::is_ready;
use super::{Attached, Occasion, Reporter, ReporterFile};

pub(crate) const OPENCODE: Reporter = Reporter {
    file: Some(ReporterFile {
        name: "opencode.js",
        text: concat!(
            include_str!("../../../../../framework/fleet/reporters/reporter.js"),
            include_str!("../../../../../framework/fleet/reporters/opencode.js")
        ),
    }),
    attach,
};

/// The configuration that opencode takes from its environment, after all files and besides them.
const CONTENT: &str = "OPENCODE_CONFIG_CONTENT";
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Plugins of all configurations are loaded. The variable has room for one configuration only, so that one of the
/// user's gets the plugin put in; of what is not plain JSON opencode may make sense, and it stays as it is.
fn attach(occasion: &Occasion<'_>) -> Attached {
    let here = std::env::current_dir().unwrap_or_else(|_| ".".into());
    if !is_ready(&here, occasion.further, occasion.variable) {
        return Attached::default();
    }
    let theirs = (occasion.variable)(CONTENT).unwrap_or_default();
    let ours = theirs.to_str().and_then(|theirs| with_plugin(theirs, &url(occasion.file)));
    Attached {
        variables: ours.map(|ours| (CONTENT, OsString::from(ours))).into_iter().collect(),
        ..Attached::default()
    }
}

fn url(file: &Path) -> String {
    format!("file://{}", percent_encode(file.as_os_str().as_bytes(), PATH))
}

/// The configuration with one plugin more. Nothing else of it is written anew: in permissions, the order counts.
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
    // Of two keys of one name, the second counts.
    Some(format!("{open}{comma}\"plugin\":{}}}", Value::Array(plugins)))
}

#[cfg(test)]
mod tests {
    use super::super::Occasion;
    use super::{attach, url, with_plugin};
    use std::ffi::OsString;
    use std::path::Path;

    #[test]
    fn the_users_own_configuration_stays() {
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
    fn one_variable_is_set_or_none() {
        let config = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(config.path().join("opencode/node_modules/@opencode-ai/plugin")).unwrap();
        let set = |theirs: Option<&str>| {
            let variable = |name: &str| match name {
                "XDG_CONFIG_HOME" => Some(config.path().into()),
                "OPENCODE_CONFIG_CONTENT" => theirs.map(OsString::from),
                _ => None,
            };
            let file = Path::new("/m/opencode.js");
            attach(&Occasion { file, further: &[], variable: &variable })
        };
        assert!(set(None).variables.is_empty(), "it would wait");
        std::fs::write(config.path().join("opencode/package-lock.json"), "").unwrap();
        let ours = [("OPENCODE_CONFIG_CONTENT", OsString::from(r#"{"plugin":["file:///m/opencode.js"]}"#))];
        assert_eq!(set(None).variables, ours);
        assert!(set(None).arguments.is_empty());
        assert!(set(Some("{,}")).variables.is_empty());
    }

    #[test]
    fn a_path_is_a_url_whatever_is_in_it() {
        assert_eq!(url(Path::new("/a b/#1/é/{env:X}/p.js")), "file:///a%20b/%231/%C3%A9/%7Benv%3AX%7D/p.js");
    }
}
