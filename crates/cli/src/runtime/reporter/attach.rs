//! Attaches a runtime's reporter to a launch.

use std::ffi::OsString;
use std::path::Path;

use mosaic_domain::{AgentName, MosaicHome};

use super::{Attached, Occasion, Reporter};

/// What the runtime is given to report, and why it will not, if it cannot. Somebody who starts one by hand is no
/// agent, and nobody asks what they do: nothing then.
///
/// The reporter's file is written, unless the command is only `print`ed.
pub(crate) fn attach(
    reporter: &Reporter,
    home: &MosaicHome,
    mosaic: &Path,
    print: bool,
    further: &[OsString],
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> (Attached, Option<String>) {
    let agent = variable("MOSAIC_AGENT_NAME").and_then(|name| name.to_str()?.parse::<AgentName>().ok());
    // What an agent starts with its tools is not the agent: it has this variable from there.
    let is_within = variable("MOSAIC_REPORTER").is_some();
    let is_off = variable("MOSAIC_REPORTING").is_some_and(|value| value == "off");
    if agent.is_none() || is_within || is_off {
        return (Attached::default(), None);
    }
    let directory = home.path().join("fleet/reporters");
    let file = reporter.file.map_or_else(|| directory.clone(), |file| directory.join(file.name));
    if let Some(file) = reporter.file.filter(|_| !print)
        && let Err(error) = file.put(&directory)
    {
        let why =
            format!("it will not report what it does: cannot write {}: {error}", directory.join(file.name).display());
        return (Attached::default(), Some(why));
    }
    let mut attached = (reporter.attach)(&Occasion { file: &file, further, variable });
    if attached != Attached::default() {
        attached.variables.push(("MOSAIC_REPORTER", mosaic.into()));
    }
    (attached, None)
}

#[cfg(test)]
mod tests {
    use super::super::{Attached, Occasion, Reporter, ReporterFile};
    use super::attach;
    use mosaic_domain::MosaicHome;
    use std::ffi::OsString;
    use std::fs;
    use std::path::Path;

    const REPORTER: Reporter =
        Reporter { file: Some(ReporterFile { name: "some.js", text: "report()" }), attach: loads_it };

    fn loads_it(occasion: &Occasion<'_>) -> Attached {
        Attached { arguments: vec!["--load".into(), occasion.file.into()], ..Attached::default() }
    }

    fn attached(home: &Path, print: bool, agent: Option<&str>) -> (Vec<OsString>, Option<String>) {
        let variable = |name: &str| agent.filter(|_| name == "MOSAIC_AGENT_NAME").map(OsString::from);
        let home = MosaicHome::from_environment(|_| Some(home.into())).unwrap();
        let (attached, why) = attach(&REPORTER, &home, Path::new("/bin/mosaic"), print, &[], &variable);
        let names: Vec<_> = attached.variables.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.contains(&"MOSAIC_REPORTER"), !attached.arguments.is_empty());
        (attached.arguments, why)
    }

    #[test]
    fn only_an_agent_reports_and_its_file_is_there_before_it_starts() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("fleet/reporters/some.js");
        for nobody in [None, Some(""), Some("../x")] {
            assert_eq!(attached(home.path(), false, nobody), (vec![], None));
        }
        assert_eq!(attached(home.path(), true, Some("coder0")).0, ["--load".into(), file.clone().into_os_string()]);
        assert!(!file.exists(), "printing writes nothing");
        assert_eq!(attached(home.path(), false, Some("coder0")).0.len(), 2);
        assert_eq!(fs::read_to_string(file).unwrap(), "report()");
    }

    #[test]
    fn nothing_that_an_agent_starts_reports_in_its_name_nor_one_that_is_not_to() {
        let home = tempfile::tempdir().unwrap();
        let of_home = MosaicHome::from_environment(|_| Some(home.path().into())).unwrap();
        for (name, value, expected) in [
            ("MOSAIC_REPORTER", "/bin/mosaic", 0),
            ("MOSAIC_REPORTER", "", 0),
            ("MOSAIC_REPORTING", "off", 0),
            ("MOSAIC_REPORTING", "", 2),
        ] {
            let variable = |wanted: &str| match wanted {
                "MOSAIC_AGENT_NAME" => Some(OsString::from("coder0")),
                wanted => (wanted == name).then(|| value.into()),
            };
            let (attached, _) = attach(&REPORTER, &of_home, Path::new("/bin/mosaic"), false, &[], &variable);
            assert_eq!(attached.arguments.len(), expected, "{name}={value}");
        }
    }

    #[test]
    fn an_agent_whose_reporter_cannot_be_written_starts_without_it() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("fleet"), "").unwrap();
        let (arguments, why) = attached(home.path(), false, Some("coder0"));
        assert!(arguments.is_empty() && why.unwrap().contains("fleet/reporters/some.js"));
    }
}
