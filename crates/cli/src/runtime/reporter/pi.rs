//! What makes pi report: an extension, besides the user's own.

use super::{Attached, Occasion, Reporter, ReporterFile};

pub(crate) const PI: Reporter = Reporter {
    file: Some(ReporterFile {
        name: "pi.js",
        text: concat!(
            include_str!("../../../../../framework/fleet/reporters/reporter.js"),
            include_str!("../../../../../framework/fleet/reporters/pi.js")
        ),
    }),
    attach,
};

/// An extension that is named is loaded besides those that pi finds, and with `--no-extensions` too.
fn attach(occasion: &Occasion<'_>) -> Attached {
    Attached { arguments: vec!["--extension".into(), occasion.file.into()], ..Attached::default() }
}

#[cfg(test)]
mod tests {
    use super::super::Occasion;
    use super::{PI, attach};
    use std::path::Path;

    #[test]
    fn the_users_own_extensions_stay() {
        let file = Path::new("/m/fleet/reporters/pi.js");
        for further in [vec![], vec!["--no-extensions".into()], vec!["-e".into(), "mine.ts".into()]] {
            let attached = attach(&Occasion { file, further: &further, variable: &|_| None });
            assert_eq!(attached.arguments, ["--extension", "/m/fleet/reporters/pi.js"], "{further:?}");
            assert!(attached.variables.is_empty());
        }
    }

    #[test]
    fn its_file_is_one_module() {
        let text = PI.file.unwrap().text;
        assert_eq!(text.matches("\nexport default ").count(), 1);
        assert!(text.contains("function createReporter") && text.contains("session_start"));
    }
}
