use super::{Memory, Observation, observe};
use crate::healthy::target;
use crate::snapshot::SourceName;
use crate::{Target, assemble};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// A fleet below `root`, whose tmux leaves a mark that it was started.
fn fleet(root: &Path) -> Target {
    let program = root.join("tmux");
    fs::write(&program, format!("#!/bin/sh\n: >{}\nexit 1\n", root.join("started").display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(root.join("run")).unwrap();
    fs::write(root.join("run/coder0.hb"), "ts=2026-11-20T12:00:00Z\npid=1\nstatus=ok\n").unwrap();
    fs::write(root.join("roster.yaml"), crate::healthy::ROSTER).unwrap();
    Target {
        roster_path: root.join("roster.yaml"),
        run_directory: mosaic_heartbeat::RunDirectory::new(root.join("run")),
        search_path: Some(root.into()),
        ..target()
    }
}

fn look(target: Target) -> (Arc<Target>, Observation) {
    let target = Arc::new(target);
    let observation = observe(&target, &mut Memory::default()).unwrap();
    (target, observation)
}

#[test]
fn a_source_that_is_switched_off_is_left_alone_and_says_so() {
    const ALL: [SourceName; 5] =
        [SourceName::Roster, SourceName::Tmux, SourceName::Systemd, SourceName::Heartbeat, SourceName::Process];
    let root = tempfile::tempdir().unwrap();
    let (target, observation) = look(Target { without: ALL.into(), ..fleet(root.path()) });
    let snapshot = assemble(&target, &observation);
    for (source, report) in &snapshot.sources {
        let expected = (*source != SourceName::Roster).then_some("switched off");
        assert_eq!((report.ok, report.error.as_deref()), (expected.is_none(), expected), "{source:?}");
    }
    assert!(!root.path().join("started").exists());
    assert_eq!(snapshot.managed().count(), 2);

    let (_, observation) = look(Target { without: [SourceName::Systemd].into(), ..Arc::into_inner(target).unwrap() });
    assert!(root.path().join("started").exists());
    assert_eq!(observation.heartbeats.result.unwrap().heartbeats.len(), 1);
}

#[test]
fn each_source_that_hangs_is_given_up_by_itself() {
    let root = tempfile::tempdir().unwrap();
    let target = fleet(root.path());
    fs::write(root.path().join("tmux"), "#!/bin/sh\nexec sleep 1000\n").unwrap();
    let (_, observation) = look(Target { limit: std::time::Duration::from_secs(2), ..target });
    let why = observation.tmux.result.unwrap_err();
    assert!(why.contains("hangs"), "{why}");
    assert!(observation.heartbeats.result.is_ok() && observation.processes.result.is_ok());
}
