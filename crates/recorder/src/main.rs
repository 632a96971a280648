//! `./dev record RUNTIME`: starts a real agent program in a tmux server of its own, against the model server of the tests,
//! takes it through the scenes of `crates/runtimes/screens/scripts`, and writes what its pane shows.

mod error;
mod pane;
mod program;
mod scene;
mod script;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use error::RecordError;
use pane::{Recording, Size};
use program::Program;
use script::{RuntimeScript, Scene};

/// Record the screens of an agent program
///
/// The program runs in a home and a tmux server of its own. Its screens are written to
/// crates/runtimes/screens/RUNTIME/VERSION/SIZE.
#[derive(Debug, Parser)]
#[command(name = "record", bin_name = "./dev record")]
struct Arguments {
    /// The runtime: the name of a script in crates/runtimes/screens/scripts
    runtime: String,

    /// The version to install and record. Without it, the program is the one that ./dev has installed for the tests
    #[arg(long)]
    version: Option<String>,

    /// The size of the pane; may be repeated
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "80x24")]
    size: Vec<Size>,

    /// Record this scene only; may be repeated
    #[arg(long, value_name = "NAME")]
    scene: Vec<String>,

    /// Write below this directory instead of crates/runtimes/screens
    #[arg(long, value_name = "DIRECTORY")]
    into: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("record: error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Records all scenes; returns whether all of them came up.
fn run(arguments: &Arguments) -> Result<bool, RecordError> {
    let screens = mosaic_harness::Binaries::workspace().join("crates/runtimes/screens");
    let scripts = screens.join("scripts");
    let common: Vec<Scene> = script::read(&scripts.join("scenes.yaml"))?;
    let script: RuntimeScript = script::read(&scripts.join(format!("{}.yaml", arguments.runtime)))?;
    let program = Program::prepare(&arguments.runtime, &script, arguments.version.as_deref())?;
    let scenes = script.scenes(common);
    let all = arguments.scene.is_empty();
    let chosen: Vec<&Scene> = scenes.iter().filter(|scene| all || arguments.scene.contains(&scene.name)).collect();
    if chosen.is_empty() {
        let known = scenes.iter().map(|scene| scene.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(RecordError::NoScene { known });
    }
    let into = arguments.into.as_ref().unwrap_or(&screens).join(&arguments.runtime).join(&program.version);
    let mut complete = true;
    for size in &arguments.size {
        let directory = into.join(size.to_string());
        let mut recorded = BTreeMap::new();
        for scene in &chosen {
            eprintln!("record: {} {} at {size}: {}", arguments.runtime, program.version, scene.name);
            if let Err(error) = scene::play(scene, &script, &program, *size, &mut recorded) {
                complete = false;
                eprintln!("record: the scene {} ended early: {error}", scene.name);
            }
        }
        write(&directory, &recorded)?;
        println!("{} screens in {}", recorded.len(), directory.display());
    }
    Ok(complete)
}

/// Writes the screens, and beside them where the cursors were and what the titles were.
fn write(directory: &Path, recorded: &BTreeMap<String, Recording>) -> Result<(), RecordError> {
    let failed = |error| RecordError::File { path: directory.to_owned(), error };
    std::fs::create_dir_all(directory).map_err(failed)?;
    let list = directory.join("panes.tsv");
    let known = std::fs::read_to_string(&list).unwrap_or_default();
    let names = known.lines().filter_map(|line| Some((line.split('\t').next()?.to_owned(), line.to_owned())));
    let mut panes: BTreeMap<String, String> = names.collect();
    for (name, recording) in recorded {
        std::fs::write(directory.join(format!("{name}.screen")), &recording.screen).map_err(failed)?;
        panes.insert(name.clone(), recording.pane_line(name));
    }
    let text: String = panes.into_values().map(|line| line + "\n").collect();
    std::fs::write(list, text).map_err(failed)
}
