//! Scripts of older tools are replaced by an install and restored by an uninstall.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::test_home::{TestHome, program};
use mosaic_provision::{COMPAT_SCRIPTS, Step, install};

#[test]
fn the_older_launcher_is_replaced_and_restored() {
    let home = TestHome::new();
    let script = home.layout.tools().join("start-agent-session.sh");
    program(&script, "#!/bin/bash\necho old\n");
    home.install();
    let installed = fs::read_to_string(&script).unwrap();
    assert!(installed.contains("/start-agent-session\" \"$@\""), "{installed}");
    assert_eq!(
        (mode(&script), fs::read_to_string(backup(&script)).unwrap()),
        (0o755, "#!/bin/bash\necho old\n".into())
    );
    assert_eq!(home.plan().steps, []);
    home.uninstall();
    assert_eq!(fs::read_to_string(&script).unwrap(), "#!/bin/bash\necho old\n");
}

fn script_paths(home: &TestHome) -> [PathBuf; 2] {
    COMPAT_SCRIPTS.map(|(name, _)| home.layout.compat_scripts().join(name))
}

fn backup(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.before-mosaic-fleet", path.display()))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn are_shipped(home: &TestHome) -> bool {
    let texts = script_paths(home).map(|path| fs::read_to_string(path).unwrap());
    texts == COMPAT_SCRIPTS.map(|(_, shipped)| shipped.to_owned())
}

#[test]
fn scripts_are_installed_and_uninstalled() {
    let home = TestHome::new();
    home.install();
    assert!(are_shipped(&home));
    assert_eq!(script_paths(&home).map(|path| mode(&path)), [0o755; 2]);
    assert_eq!(home.plan().steps, []);
    home.uninstall();
    assert!(!home.layout.compat_scripts().exists());
}

#[test]
fn scripts_of_older_tools_are_backed_up_and_restored() {
    let home = TestHome::new();
    let [script, link] = script_paths(&home);
    let checkout = home.root().join("checkout.sh");
    program(&script, "#!/bin/bash\necho old\n");
    fs::set_permissions(&script, Permissions::from_mode(0o750)).unwrap();
    program(&checkout, "#!/bin/bash\necho theirs\n");
    symlink(&checkout, &link).unwrap();
    let notes = home.install().notes;
    assert!(are_shipped(&home) && !link.is_symlink(), "{notes:?}");
    assert_eq!(fs::read_to_string(backup(&script)).unwrap(), "#!/bin/bash\necho old\n");
    assert_eq!(fs::read_link(backup(&link)).unwrap(), checkout);
    assert_eq!(home.plan().steps, []);

    // A script of an earlier install is not backed up.
    let changed = format!("{}# older\n", COMPAT_SCRIPTS[0].1);
    fs::write(&script, changed).unwrap();
    let steps = home.install().steps;
    assert!(!steps.iter().any(|step| matches!(step, Step::BackUp { .. })), "{steps:?}");
    assert!(are_shipped(&home));

    home.uninstall();
    assert_eq!(fs::read_to_string(&script).unwrap(), "#!/bin/bash\necho old\n");
    assert_eq!(mode(&script), 0o750);
    assert_eq!(fs::read_link(&link).unwrap(), checkout);
    assert_eq!(fs::read_to_string(&checkout).unwrap(), "#!/bin/bash\necho theirs\n");
    assert!(!backup(&script).exists() && !backup(&link).is_symlink());
}

#[test]
fn a_script_that_replaced_ours_stays_at_an_uninstall() {
    let home = TestHome::new();
    home.install();
    let [script, _] = script_paths(&home);
    program(&script, "#!/bin/sh\nexit 0\n");
    let notes = home.uninstall().notes;
    assert!(
        notes.iter().any(|note| note.contains("agent-send.sh was replaced by another file and stays")),
        "{notes:?}"
    );
    assert_eq!(fs::read_to_string(script).unwrap(), "#!/bin/sh\nexit 0\n");
}

#[test]
fn an_install_restores_the_executable_mode() {
    let home = TestHome::new();
    home.install();
    let [script, _] = script_paths(&home);
    fs::set_permissions(&script, Permissions::from_mode(0o644)).unwrap();
    home.install();
    assert_eq!(mode(&script), 0o755);
}

#[test]
fn installing_only_units_installs_no_scripts() {
    let home = TestHome::new();
    let plan = install::prepare(&home.layout, &home.roster(), &install::Scope::Units, &home.host).unwrap();
    home.execute(&plan.steps);
    assert!(!home.layout.compat_scripts().exists());
}
