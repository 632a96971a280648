//! The runtimes whose programs can be updated, from the shipped profiles.

use std::sync::LazyLock;

use mosaic_runtimes::shipped_runtimes;

/// The program of a runtime.
#[derive(Debug)]
pub(crate) struct RuntimeProgram {
    /// The name of the runtime, in a roster and on the command line.
    pub(crate) name: &'static str,
    /// The name of its program, which is searched in `PATH`.
    pub(crate) program: &'static str,
    /// The command that installs it.
    pub(crate) install: &'static str,
    /// The arguments with which the program updates itself, and nothing else.
    pub(crate) updater: &'static [String],
    /// The arguments, before a version, with which the program installs that version of itself.
    pub(crate) version_installer: Option<&'static [String]>,
}

/// All shipped runtimes whose program updates itself.
pub(crate) static RUNTIME_PROGRAMS: LazyLock<Vec<RuntimeProgram>> = LazyLock::new(|| {
    let programs = shipped_runtimes().iter().filter_map(|runtime| {
        let updater = runtime.updater()?;
        Some(RuntimeProgram {
            name: runtime.name.as_str(),
            program: &runtime.launch.program,
            install: runtime.launch.install.as_deref().unwrap_or_default(),
            updater: &updater.arguments,
            version_installer: updater.install_version.as_deref(),
        })
    });
    programs.collect()
});

impl RuntimeProgram {
    /// The program of a runtime, if it is known.
    pub(crate) fn named(runtime: &str) -> Option<&'static Self> {
        RUNTIME_PROGRAMS.iter().find(|known| known.name == runtime)
    }
}
