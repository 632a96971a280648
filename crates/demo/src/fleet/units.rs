//! The shipped units, changed for the demo: other names, other paths, and gone with it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::PathBuf;

use super::Home;
use super::manager::Manager;
use crate::error::DemoError;

const HOLDER: &str = "mosaic-demo-holder.service";
const TEMPLATE: &str = "mosaic-demo-agent@.service";
/// Those of them that the manager knows; the names of units that it does not know are an error.
const ALL: &str = "mosaic-demo-*.service";
const SHIPPED_HOLDER: &str = include_str!("../../../../framework/systemd/user/mosaic-tmux-holder.service");
const SHIPPED_TEMPLATE: &str = include_str!("../../../../framework/systemd/user/mosaic-agent@.service");

/// The demo's units in the runtime directory of a user manager.
#[derive(Debug)]
pub(crate) struct Units<'a> {
    home: &'a Home,
    manager: &'a Manager,
}

impl<'a> Units<'a> {
    pub(crate) fn new(home: &'a Home, manager: &'a Manager) -> Self {
        Self { home, manager }
    }

    /// The unit of an agent.
    pub(crate) fn of(agent: &str) -> String {
        TEMPLATE.replace('@', &format!("@{agent}"))
    }

    /// Writes them, and lets the manager read them. A holder of that name that is there already is
    /// another demo's, and stays.
    pub(crate) fn install(&self) -> Result<(), DemoError> {
        let units = [(HOLDER, self.holder()?), (TEMPLATE, self.template()?)];
        let directory = self.manager.unit_directory();
        self.make_directories().map_err(DemoError::io(format!("make {}", directory.display())))?;
        for (name, text) in units {
            let path = directory.join(name);
            let written = File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
            match written {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(DemoError::Busy(directory)),
                other => other.map_err(DemoError::io(format!("write {}", path.display())))?,
            }
        }
        Manager::ask(&["daemon-reload"]).map(drop)
    }

    /// Stops and removes them, if they are of this demo; complaints are added to `left`.
    pub(crate) fn remove(&self, left: &mut Vec<String>) {
        let directory = self.manager.unit_directory();
        let paths = [HOLDER, TEMPLATE].map(|name| directory.join(name));
        if paths.iter().any(|path| self.is_ours(path)) {
            let stopped = Manager::ask(&["stop", ALL]);
            for path in paths.iter().filter(|path| self.is_ours(path)) {
                if let Err(error) = fs::remove_file(path) {
                    left.push(format!("{}: {error}", path.display()));
                }
            }
            let forgotten = Manager::ask(&["daemon-reload"]);
            // A start that was under way when the demo was killed may have come in between.
            let stopped_again = Manager::ask(&["stop", ALL]);
            left.extend([stopped, forgotten, stopped_again].into_iter().filter_map(Result::err).map(|e| e.to_string()));
            // One that failed would stay in the manager's lists.
            left.extend(Manager::ask(&["reset-failed", ALL]).err().map(|error| error.to_string()));
        }
        self.remove_directories();
    }

    fn is_ours(&self, path: &PathBuf) -> bool {
        fs::read_to_string(path).is_ok_and(|text| text.contains(&self.fleet_file()))
    }

    fn fleet_file(&self) -> String {
        format!("EnvironmentFile={}\n", self.home.fleet_file().display())
    }

    /// Those that were not there before are noted, to be removed again.
    fn make_directories(&self) -> io::Result<()> {
        for directory in ["systemd", "systemd/user"].map(|below| self.manager.runtime().join(below)) {
            if directory.is_dir() {
                continue;
            }
            let mut note = File::options().create(true).append(true).open(self.note())?;
            writeln!(note, "{}", directory.display())?;
            DirBuilder::new().create(&directory)?;
        }
        Ok(())
    }

    fn remove_directories(&self) {
        for made in fs::read_to_string(self.note()).unwrap_or_default().lines().rev() {
            // Somebody else may have put something in by now; then it stays.
            let _ = fs::remove_dir(made);
        }
    }

    fn note(&self) -> PathBuf {
        self.home.path().join("made-directories")
    }

    fn holder(&self) -> Result<String, DemoError> {
        change(
            "mosaic-tmux-holder.service",
            SHIPPED_HOLDER,
            &[
                ("Environment=MOSAIC_TMUX_SOCKET=mosaic-factory\n", &self.fleet_file()),
                ("Description=Mosaic Fleet:", "Description=Mosaic Fleet demo:"),
            ],
        )
    }

    fn template(&self) -> Result<String, DemoError> {
        let path = |path: PathBuf| path.display().to_string();
        let own_file = format!("{}EnvironmentFile={}/%i.env\n", self.fleet_file(), path(self.home.agents()));
        change(
            "mosaic-agent@.service",
            SHIPPED_TEMPLATE,
            &[
                ("EnvironmentFile=-%h/.config/mosaic/fleet/agents/%i.env\n", &own_file),
                ("%h/.config/mosaic/tools/fleet", &path(self.home.bin())),
                ("mosaic-tmux-holder.service", HOLDER),
                ("Description=Mosaic Fleet:", "Description=Mosaic Fleet demo:"),
            ],
        )
    }
}

fn change(unit: &'static str, text: &str, changes: &[(&'static str, &str)]) -> Result<String, DemoError> {
    changes.iter().try_fold(text.to_owned(), |text, &(line, new)| {
        if text.contains(line) { Ok(text.replace(line, new)) } else { Err(DemoError::Unit { unit, line }) }
    })
}

#[cfg(test)]
mod tests {
    use super::{Home, Manager, Units};

    #[test]
    fn nothing_of_a_real_fleet_is_left_in_the_demos_units() {
        let home = Home::at("/tmp/mosaic-demo-1".into());
        let manager = Manager::of_test("/run/user/7".into());
        let units = Units::new(&home, &manager);
        let (holder, template) = (units.holder().unwrap(), units.template().unwrap());
        for text in [&holder, &template] {
            let directives: String = text.lines().filter(|line| !line.starts_with('#')).collect();
            for foreign in ["%h", "mosaic-factory", "mosaic-tmux-holder", ".config"] {
                assert!(!directives.contains(foreign), "{foreign} in {text}");
            }
            assert!(text.contains("EnvironmentFile=/tmp/mosaic-demo-1/fleet.env\n"), "{text}");
        }
        for directive in [
            "Requires=mosaic-demo-holder.service\n",
            "EnvironmentFile=/tmp/mosaic-demo-1/agents/%i.env\n",
            "ExecStart=/tmp/mosaic-demo-1/bin/start-agent-session --foreground %i\n",
            "Restart=on-failure\n",
        ] {
            assert!(template.contains(directive), "{directive} in {template}");
        }
        assert_eq!(Units::of("worker"), "mosaic-demo-agent@worker.service");
    }
}
