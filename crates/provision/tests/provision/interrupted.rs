//! An install that was killed, or found the disk full, is gone on with by the next.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::fs;
use std::os::unix::fs::symlink;

use mosaic_domain::ExitCode;
use mosaic_harness::SmallDisk;
use mosaic_provision::{TOOL_FRONTS, UNIT_FILES, execute};
use world::{World, program};

/// A home with something of everything that a site may have there.
fn lived_in() -> World {
    let world = World::below(&[("XDG_RUNTIME_DIR", "{root}/run")]);
    fs::create_dir_all(world.layout.agents()).unwrap();
    fs::create_dir_all(world.layout.run()).unwrap();
    fs::create_dir_all(world.layout.units()).unwrap();
    fs::write(world.env("coder0"), "API_KEY=s3cret\n").unwrap();
    fs::write(world.layout.run().join("coder0.hb"), "ts=2026-11-20T14:58:08+0000\npid=1\nstatus=ok\n").unwrap();
    fs::write(world.layout.run().join("notes"), "mine").unwrap();
    fs::write(world.layout.units().join(UNIT_FILES[1].0), "[Service]\nType=oneshot\n").unwrap();
    let [script, link] = TOOL_FRONTS.map(|(name, _)| world.layout.tool_fronts().join(name));
    program(&script, "#!/bin/bash\n");
    symlink("/checkout/send-message.sh", link).unwrap();
    world
}

/// Without what differs between two worlds by their paths and modes that an install puts right.
fn comparable(world: &World) -> Vec<(std::path::PathBuf, String)> {
    let root = world.root().to_str().unwrap();
    world.tree().into_iter().map(|(path, what)| (path, what.replace(root, "{root}"))).collect()
}

fn paths(world: &World) -> Vec<std::path::PathBuf> {
    world.tree().into_keys().collect()
}

#[test]
fn killed_after_any_step_the_next_one_ends_where_one_alone_would_have() {
    let whole = lived_in();
    let steps = whole.install().steps.len();
    assert!(steps > 15, "{steps}");
    for killed_after in 0..steps {
        let world = lived_in();
        world.execute(&world.plan().steps[..killed_after]);
        // What a draft under way leaves.
        fs::write(world.layout.fleet().join(".mosaic-fleet-draft-x"), "half").unwrap();
        world.install();
        assert_eq!(comparable(&world), comparable(&whole), "killed after {killed_after}");
        assert_eq!(world.plan().steps, [], "killed after {killed_after}");
    }
}

#[test]
fn killed_after_any_step_an_uninstall_takes_all_of_it_away() {
    let steps = lived_in().plan().steps.len();
    let left = |world: &World| {
        let site = [world.env("coder0"), world.layout.units().join(UNIT_FILES[1].0)];
        let texts = site.map(|path| fs::read_to_string(path).unwrap());
        assert_eq!(texts, ["API_KEY=s3cret\n", "[Service]\nType=oneshot\n"]);
        let [script, link] = TOOL_FRONTS.map(|(name, _)| world.layout.tool_fronts().join(name));
        assert_eq!(fs::read_to_string(script).unwrap(), "#!/bin/bash\n");
        assert_eq!(fs::read_link(link).unwrap().to_str(), Some("/checkout/send-message.sh"));
        let gone = [
            world.layout.tools(),
            world.layout.links(),
            world.layout.manifest(),
            world.root().join("run/mosaic-fleet"),
        ];
        gone.into_iter().filter(|path| path.exists()).collect::<Vec<_>>()
    };
    for killed_after in 1..=steps {
        let world = lived_in();
        world.execute(&world.plan().steps[..killed_after]);
        if !world.layout.manifest().exists() {
            // Then nothing else was made either.
            assert_eq!(paths(&world), paths(&lived_in()), "killed after {killed_after}");
            continue;
        }
        world.uninstall();
        assert_eq!(left(&world), [""; 0].map(std::path::PathBuf::from), "killed after {killed_after}");
    }
}

#[test]
fn a_killed_uninstall_is_gone_on_with() {
    let whole = lived_in();
    whole.install();
    let steps = whole.uninstall().steps.len();
    for killed_after in 0..steps {
        let world = lived_in();
        world.install();
        world.execute(&world.uninstall_plan().steps[..killed_after]);
        world.uninstall();
        let mut tree = comparable(&world);
        // Directories that are empty go with the first run alone; nobody misses them.
        let empty =
            |tree: &mut Vec<(std::path::PathBuf, String)>| tree.retain(|(_, what)| !what.starts_with("directory"));
        let mut expected = comparable(&whole);
        empty(&mut tree);
        empty(&mut expected);
        assert_eq!(tree, expected, "killed after {killed_after}");
    }
}

#[test]
fn a_full_disk_stops_it_at_a_step_that_is_named_and_nothing_is_lost() {
    if !mosaic_harness::is_root_or_skip("a disk of its own") {
        return;
    }
    let world = lived_in();
    let disk = SmallDisk::mount(&world.layout.units().join("mosaic-agent@coder0.service.d"));
    disk.fill();
    let error = execute(&world.plan().steps, &world.executor(), |_| {}, |_, _| {}).unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Io);
    let text = error.to_string();
    assert!(text.starts_with("cannot write ") && text.contains("50-mosaic-fleet.conf"), "{text}");
    assert!(fs::read_to_string(world.env("coder0")).unwrap().starts_with("API_KEY=s3cret\n"));
    disk.free();
    world.install();
    assert_eq!(world.plan().steps, []);
}
