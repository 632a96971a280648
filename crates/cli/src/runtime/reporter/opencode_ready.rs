//! Would a plugin make opencode wait?

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Every opencode installs a package of its own beside each configuration, and waits for that as soon as it has a
/// plugin: where no registry answers, for minutes, without a screen. So it gets none before that has been done, which
/// any start with a network does.
pub(super) fn is_ready(here: &Path, further: &[OsString], variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = set("HOME");
    let Some(global) = set("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config"))) else { return false };
    // The project may be named.
    let projects = further.iter().map(|word| here.join(word)).filter(|path| path.is_dir());
    let projects: Vec<PathBuf> = projects.chain([here.to_path_buf()]).collect();
    let around = projects.iter().flat_map(|project| project.ancestors()).chain(home.as_deref());
    let local = around.map(|directory| directory.join(".opencode")).filter(|directory| directory.is_dir());
    let is_done = |directory: PathBuf| {
        let lock = directory.join("package-lock.json");
        directory.join("node_modules/@opencode-ai/plugin").is_dir() && lock.is_file()
    };
    [global.join("opencode")].into_iter().chain(set("OPENCODE_CONFIG_DIR")).chain(local).all(is_done)
}

#[cfg(test)]
mod tests {
    use super::is_ready;
    use std::ffi::OsString;
    use std::fs;
    use std::path::Path;

    fn put(directory: &Path, is_done: bool) {
        let parts: &[&str] = if is_done { &["node_modules/@opencode-ai/plugin"] } else { &["command"] };
        for part in parts {
            fs::create_dir_all(directory.join(part)).unwrap();
        }
        if is_done {
            fs::write(directory.join("package-lock.json"), "").unwrap();
        }
    }

    #[test]
    fn it_waits_for_what_is_not_installed_yet() {
        // Whether it was done: globally, in the project, above it, in another that is named, in the variable's place.
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
            for (name, is_done) in names.iter().zip(places) {
                if let Some(is_done) = is_done {
                    put(&root.join(name), is_done);
                }
            }
            let variable = |name: &str| match name {
                "HOME" => Some(OsString::from(root.join("h"))),
                "OPENCODE_CONFIG_DIR" => places[4].map(|_| root.join("own").into()),
                _ => None,
            };
            let further = ["--continue".into(), root.join("other").into()];
            assert_eq!(is_ready(&root.join("w/p"), &further, variable), expected, "{places:?}");
        }
        assert!(!is_ready(Path::new("/"), &[], |_| None), "nobody knows where");
    }
}
