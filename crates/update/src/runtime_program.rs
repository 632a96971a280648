//! The runtimes whose programs can be updated, from the shipped profiles and those of the site.

use mosaic_runtimes::{ProfileLibrary, Runtime, shipped_runtime};

/// The program of a runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuntimeProgram {
    /// The name of the runtime, in a roster and on the command line.
    pub(crate) name: String,
    /// The name of its program, which is searched in `PATH`.
    pub(crate) program: String,
    /// The command that installs it.
    pub(crate) install: Option<String>,
    /// The npm packages that it may come from. The first is the one that goes on.
    pub(crate) packages: Vec<String>,
    /// The arguments with which the program updates itself, and nothing else.
    pub(crate) updater: Vec<String>,
    /// The arguments, before a version, with which the program installs that version of itself.
    pub(crate) version_installer: Option<Vec<String>>,
}

/// All runtimes of a fleet whose program updates itself.
#[derive(Clone, Debug)]
pub(crate) struct RuntimePrograms(Vec<RuntimeProgram>);

impl RuntimePrograms {
    /// Reads the profiles. In place of a site's profile that cannot be used, the shipped one applies.
    pub(crate) fn new(library: &ProfileLibrary) -> Self {
        let names = library.runtime_names();
        let runtimes = names
            .iter()
            .filter_map(|name| library.runtime(name).unwrap_or_else(|_| shipped_runtime(name.as_str()).cloned()));
        Self(runtimes.filter_map(RuntimeProgram::new).collect())
    }

    /// The program of a runtime, if it can be updated.
    pub(crate) fn named(&self, runtime: &str) -> Option<&RuntimeProgram> {
        self.iter().find(|known| known.name == runtime)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RuntimeProgram> {
        self.0.iter()
    }
}

impl RuntimeProgram {
    /// The program of a runtime, if its profile has an updater.
    fn new(runtime: Runtime) -> Option<Self> {
        let updater = runtime.launch.updater?;
        Some(Self {
            name: runtime.name.to_string(),
            program: runtime.launch.program,
            install: runtime.launch.install,
            packages: runtime.packages,
            updater: updater.arguments,
            version_installer: updater.install_version,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::RuntimePrograms;
    use mosaic_domain::MosaicHome;
    use mosaic_roster::Roster;
    use mosaic_runtimes::{ProfileLibrary, shipped_runtimes};
    use std::fs;

    /// The programs of a site with these profiles: the name of the runtime, and its `launch` section.
    pub(crate) fn programs(profiles: &[(&str, &str)]) -> RuntimePrograms {
        let site = tempfile::tempdir().unwrap();
        let home = MosaicHome::from_environment(|_| Some(site.path().into())).unwrap();
        let directory = home.paths().runtimes();
        fs::create_dir_all(&directory).unwrap();
        for (name, launch) in profiles {
            let text = format!("version: 1\ncomposer: {{kind: line, prompt: x}}\nlaunch: {launch}\n");
            fs::write(directory.join(format!("{name}.yaml")), text).unwrap();
        }
        RuntimePrograms::new(&ProfileLibrary::new(&home))
    }

    #[test]
    fn a_sites_profile_adds_or_replaces_an_updater() {
        let programs = programs(&[
            ("crab", "{program: crab-cli, updater: {arguments: [self, update]}}"),
            ("mute", "{program: mute}"),
            ("pi", "{program: my-pi, updater: {arguments: [upgrade]}}"),
            ("codex", "{program: x, bogus: 1}"),
        ]);
        let found = |name| programs.named(name).map(|known| (known.program.as_str(), known.updater.join(" ")));
        assert_eq!(found("crab"), Some(("crab-cli", "self update".to_owned())));
        assert_eq!(found("mute"), None);
        assert_eq!(found("pi"), Some(("my-pi", "upgrade".to_owned())));
        assert_eq!(found("codex").map(|(program, _)| program), Some("codex"), "the shipped profile applies");
    }

    #[test]
    fn the_built_in_runtimes_of_a_roster_are_the_shipped_ones_that_can_be_launched() {
        let mut shipped: Vec<&str> = shipped_runtimes().iter().map(|runtime| runtime.name.as_str()).collect();
        shipped.sort_unstable();
        assert_eq!(
            Roster::BUILT_IN_RUNTIMES.as_slice(),
            shipped,
            "adapt `BUILT_IN_RUNTIMES` in crates/roster/src/roster.rs (left) to the profiles of \
             framework/fleet/runtimes with a `launch` section (right), sorted"
        );
    }
}
