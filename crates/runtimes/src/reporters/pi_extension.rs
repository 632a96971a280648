//! Makes pi report by an extension, in addition to the user's own extensions.

use std::path::Path;

use super::{Attachment, ReporterFile};

pub(super) const FILE: ReporterFile = ReporterFile {
    name: "pi.js",
    text: concat!(
        include_str!("../../../../framework/fleet/reporters/reporter.js"),
        include_str!("../../../../framework/fleet/reporters/pi.js")
    ),
};

/// pi loads a named extension in addition to those that it finds, and also with `--no-extensions`.
pub(super) fn attach(file: &Path) -> Attachment {
    Attachment { arguments: vec!["--extension".into(), file.into()], ..Attachment::default() }
}

#[cfg(test)]
mod tests {
    use super::{FILE, attach};
    use std::path::Path;

    #[test]
    fn the_extension_is_added_to_those_of_the_user() {
        let attached = attach(Path::new("/m/fleet/reporters/pi.js"));
        assert_eq!(attached.arguments, ["--extension", "/m/fleet/reporters/pi.js"]);
        assert!(attached.variables.is_empty());
    }

    #[test]
    fn the_file_is_one_module() {
        assert_eq!(FILE.text.matches("\nexport default ").count(), 1);
        assert!(FILE.text.contains("function newReporter") && FILE.text.contains("session_start"));
    }
}
