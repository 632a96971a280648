//! The scripts of the older tools make room for ours, and come back when ours go.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use mosaic_provision::{Step, TOOL_FRONTS, install};
use world::{World, program};

fn places(world: &World) -> [PathBuf; 2] {
    TOOL_FRONTS.map(|(name, _)| world.layout.tool_fronts().join(name))
}

fn aside(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.before-mosaic-fleet", path.display()))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn are_ours(world: &World) -> bool {
    let texts = places(world).map(|path| fs::read_to_string(path).unwrap());
    texts == TOOL_FRONTS.map(|(_, shipped)| shipped.to_owned())
}

#[test]
fn they_are_put_where_users_have_them_and_taken_away_again() {
    let world = World::new();
    world.install();
    assert!(are_ours(&world));
    assert_eq!(places(&world).map(|path| mode(&path)), [0o755; 2]);
    assert_eq!(world.plan().steps, []);
    world.uninstall();
    assert!(!world.layout.tool_fronts().exists());
}

#[test]
fn those_of_the_older_tools_are_kept_once_and_come_back() {
    let world = World::new();
    let [script, link] = places(&world);
    let checkout = world.root().join("checkout.sh");
    program(&script, "#!/bin/bash\necho old\n");
    fs::set_permissions(&script, Permissions::from_mode(0o750)).unwrap();
    program(&checkout, "#!/bin/bash\necho theirs\n");
    symlink(&checkout, &link).unwrap();
    let notes = world.install().notes;
    assert!(are_ours(&world) && !link.is_symlink(), "{notes:?}");
    assert_eq!(fs::read_to_string(aside(&script)).unwrap(), "#!/bin/bash\necho old\n");
    assert_eq!(fs::read_link(aside(&link)).unwrap(), checkout);
    assert_eq!(world.plan().steps, []);

    // One of an older build of ours is nothing to keep.
    let changed = format!("{}# older\n", TOOL_FRONTS[0].1);
    fs::write(&script, changed).unwrap();
    let steps = world.install().steps;
    assert!(!steps.iter().any(|step| matches!(step, Step::KeepAside { .. })), "{steps:?}");
    assert!(are_ours(&world));

    world.uninstall();
    assert_eq!(fs::read_to_string(&script).unwrap(), "#!/bin/bash\necho old\n");
    assert_eq!(mode(&script), 0o750);
    assert_eq!(fs::read_link(&link).unwrap(), checkout);
    assert_eq!(fs::read_to_string(&checkout).unwrap(), "#!/bin/bash\necho theirs\n");
    assert!(!aside(&script).exists() && !aside(&link).is_symlink());
}

#[test]
fn one_that_somebody_put_there_since_is_theirs() {
    let world = World::new();
    world.install();
    let [script, _] = places(&world);
    program(&script, "#!/bin/sh\nexit 0\n");
    let notes = world.uninstall().notes;
    assert!(notes.iter().any(|note| note.contains("agent-send.sh is not ours any more and stays")), "{notes:?}");
    assert_eq!(fs::read_to_string(script).unwrap(), "#!/bin/sh\nexit 0\n");
}

#[test]
fn one_that_cannot_be_executed_any_more_can_again() {
    let world = World::new();
    world.install();
    let [script, _] = places(&world);
    fs::set_permissions(&script, Permissions::from_mode(0o644)).unwrap();
    world.install();
    assert_eq!(mode(&script), 0o755);
}

#[test]
fn the_units_alone_come_without_them() {
    let world = World::new();
    let plan = install::prepare(&world.layout, &world.roster(), &install::Scope::Units, &world.surroundings).unwrap();
    world.execute(&plan.steps);
    assert!(!world.layout.tool_fronts().exists());
}
