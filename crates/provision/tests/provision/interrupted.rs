//! Interrupted installs and uninstalls are resumed by the next run.

use std::fs;
use std::os::unix::fs::symlink;

use crate::test_home::{TestHome, program};
use mosaic_harness::SmallDisk;
use mosaic_provision::{COMPAT_SCRIPTS, ProvisionError, UNIT_FILES, execute};

/// A home with every kind of file that a site may have.
fn used_home() -> TestHome {
    let home = TestHome::with_variables(&[("XDG_RUNTIME_DIR", "{root}/run")]);
    fs::create_dir_all(home.layout.agents()).unwrap();
    fs::create_dir_all(home.layout.run()).unwrap();
    fs::create_dir_all(home.layout.units()).unwrap();
    fs::write(home.env("coder0"), "API_KEY=s3cret\n").unwrap();
    fs::write(home.layout.run().join("coder0.hb"), "ts=2026-11-20T14:58:08+0000\npid=1\nstatus=ok\n").unwrap();
    fs::write(home.layout.run().join("notes"), "mine").unwrap();
    fs::write(home.layout.units().join(UNIT_FILES[1].0), "[Service]\nType=oneshot\n").unwrap();
    let [script, link] = COMPAT_SCRIPTS.map(|(name, _)| home.layout.compat_scripts().join(name));
    program(&script, "#!/bin/bash\n");
    symlink("/checkout/send-message.sh", link).unwrap();
    home
}

/// The files of a home, with the temporary directory replaced by `{root}`.
fn comparable(home: &TestHome) -> Vec<(std::path::PathBuf, String)> {
    let root = home.root().to_str().unwrap();
    home.tree().into_iter().map(|(path, what)| (path, what.replace(root, "{root}"))).collect()
}

fn paths(home: &TestHome) -> Vec<std::path::PathBuf> {
    home.tree().into_keys().collect()
}

#[test]
fn an_install_resumes_after_any_step_with_the_same_result() {
    let whole = used_home();
    let steps = whole.install().steps.len();
    assert!(steps > 15, "{steps}");
    for interrupted_after in 0..steps {
        let home = used_home();
        home.execute(&home.plan().steps[..interrupted_after]);
        // A temporary file of the interrupted command.
        fs::write(home.layout.fleet().join(".mosaic-fleet-draft-x"), "half").unwrap();
        home.install();
        assert_eq!(comparable(&home), comparable(&whole), "interrupted after {interrupted_after}");
        assert_eq!(home.plan().steps, [], "interrupted after {interrupted_after}");
    }
}

#[test]
fn an_uninstall_after_any_step_of_an_install_removes_everything() {
    let steps = used_home().plan().steps.len();
    let left = |home: &TestHome| {
        let site = [home.env("coder0"), home.layout.units().join(UNIT_FILES[1].0)];
        let texts = site.map(|path| fs::read_to_string(path).unwrap());
        assert_eq!(texts, ["API_KEY=s3cret\n", "[Service]\nType=oneshot\n"]);
        let [script, link] = COMPAT_SCRIPTS.map(|(name, _)| home.layout.compat_scripts().join(name));
        assert_eq!(fs::read_to_string(script).unwrap(), "#!/bin/bash\n");
        assert_eq!(fs::read_link(link).unwrap().to_str(), Some("/checkout/send-message.sh"));
        let gone =
            [home.layout.tools(), home.layout.links(), home.layout.manifest(), home.root().join("run/mosaic-fleet")];
        gone.into_iter().filter(|path| path.exists()).collect::<Vec<_>>()
    };
    for interrupted_after in 1..=steps {
        let home = used_home();
        home.execute(&home.plan().steps[..interrupted_after]);
        if !home.layout.manifest().exists() {
            // Then no other file was written either.
            assert_eq!(paths(&home), paths(&used_home()), "interrupted after {interrupted_after}");
            continue;
        }
        home.uninstall();
        assert_eq!(left(&home), [""; 0].map(std::path::PathBuf::from), "interrupted after {interrupted_after}");
    }
}

#[test]
fn an_interrupted_uninstall_is_resumed() {
    let whole = used_home();
    whole.install();
    let steps = whole.uninstall().steps.len();
    for interrupted_after in 0..steps {
        let home = used_home();
        home.install();
        home.execute(&home.uninstall_plan().steps[..interrupted_after]);
        home.uninstall();
        let mut tree = comparable(&home);
        // Only an uninterrupted uninstall removes all empty directories.
        let remove_directories =
            |tree: &mut Vec<(std::path::PathBuf, String)>| tree.retain(|(_, what)| !what.starts_with("directory"));
        let mut expected = comparable(&whole);
        remove_directories(&mut tree);
        remove_directories(&mut expected);
        assert_eq!(tree, expected, "interrupted after {interrupted_after}");
    }
}

#[test]
fn a_full_disk_fails_the_step_and_loses_no_data() {
    if !mosaic_harness::is_root_or_skip("mounting a small disk") {
        return;
    }
    let home = used_home();
    let disk = SmallDisk::mount(&home.layout.units().join("mosaic-agent@coder0.service.d"));
    disk.fill();
    let error = execute(&home.plan().steps, &home.executor(), |_| {}, |_, _| {}).unwrap_err();
    assert!(matches!(error, ProvisionError::File { .. }));
    let text = error.to_string();
    assert!(text.starts_with("cannot write ") && text.contains("50-mosaic-fleet.conf"), "{text}");
    assert!(fs::read_to_string(home.env("coder0")).unwrap().starts_with("API_KEY=s3cret\n"));
    disk.free();
    home.install();
    assert_eq!(home.plan().steps, []);
}
