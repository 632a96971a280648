use super::{Cache, Observation, observe};
use crate::assemble::assemble;
use crate::example::target;
use crate::snapshot::SourceName;
use crate::target::Target;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// A fleet below `root`, whose tmux program creates a file when it is started.
fn fleet(root: &Path) -> Target {
    let program = root.join("tmux");
    fs::write(&program, format!("#!/bin/sh\n: >{}\nexit 1\n", root.join("started").display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(root.join("run")).unwrap();
    fs::write(root.join("run/coder0.hb"), "ts=2026-11-20T12:00:00Z\npid=1\nstatus=ok\n").unwrap();
    fs::write(root.join("roster.yaml"), crate::example::ROSTER).unwrap();
    Target {
        roster_path: root.join("roster.yaml"),
        run_directory: mosaic_heartbeat::RunDirectory::new(root.join("run")),
        search_path: Some(root.into()),
        ..target()
    }
}

fn observe_once(target: Target) -> (Arc<Target>, Observation) {
    let target = Arc::new(target);
    let observation = observe(&target, &mut Cache::default()).unwrap();
    (target, observation)
}

#[test]
fn a_disabled_source_is_not_read_and_reports_that() {
    const ALL: [SourceName; 5] =
        [SourceName::Roster, SourceName::Tmux, SourceName::Systemd, SourceName::Heartbeat, SourceName::Process];
    let root = tempfile::tempdir().unwrap();
    let (target, observation) = observe_once(Target { disabled_sources: ALL.into(), ..fleet(root.path()) });
    let snapshot = assemble(&target, &observation);
    for (source, report) in &snapshot.sources {
        let expected = (*source != SourceName::Roster).then_some("disabled");
        assert_eq!((report.ok, report.error.as_deref()), (expected.is_none(), expected), "{source:?}");
    }
    assert!(!root.path().join("started").exists());
    assert_eq!(snapshot.managed().count(), 2);

    let (_, observation) =
        observe_once(Target { disabled_sources: [SourceName::Systemd].into(), ..Arc::into_inner(target).unwrap() });
    assert!(root.path().join("started").exists());
    assert_eq!(observation.heartbeats.result.unwrap().heartbeats.len(), 1);
}

#[test]
fn a_hung_source_is_abandoned_on_its_own() {
    let root = tempfile::tempdir().unwrap();
    let target = fleet(root.path());
    fs::write(root.path().join("tmux"), "#!/bin/sh\nexec sleep 1000\n").unwrap();
    let (_, observation) = observe_once(Target { limit: std::time::Duration::from_secs(2), ..target });
    let why = observation.tmux.result.unwrap_err();
    assert!(why.contains("hangs"), "{why}");
    assert!(observation.heartbeats.result.is_ok() && observation.processes.result.is_ok());
}
