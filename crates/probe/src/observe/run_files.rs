//! The run directory: heartbeats, and what agents say of themselves.

use std::fs;
use std::io;

use domain::AgentName;
use heartbeat::RunDirectory;

use super::RunFiles;

/// Reads every heartbeat and every report. A directory that is not there has none: no agent was
/// started since the host is up.
pub(super) fn look(directory: &RunDirectory) -> Result<RunFiles, String> {
    let mut files = RunFiles::default();
    let failed = |error: io::Error| format!("cannot read {}: {error}", directory.path().display());
    let entries = match fs::read_dir(directory.path()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        let Some((stem, kind)) = name.to_str().and_then(|name| name.rsplit_once('.')) else { continue };
        let Ok(agent) = stem.parse::<AgentName>() else { continue };
        match kind {
            "hb" => match heartbeat::read(&directory.heartbeat(&agent)) {
                Ok(Some(heartbeat)) => drop(files.heartbeats.insert(agent, Ok(heartbeat))),
                // Removed since the directory was listed.
                Ok(None) => {}
                Err(error) => drop(files.heartbeats.insert(agent, Err(error.to_string()))),
            },
            "state" => {
                if let Ok(Some(report)) = heartbeat::read_activity(&directory.activity(&agent)) {
                    files.activities.insert(agent, report);
                }
            }
            _ => {}
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::look;
    use heartbeat::RunDirectory;
    use std::fs;

    #[test]
    fn every_heartbeat_is_read_and_garbage_is_named_not_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let run = root.path();
        fs::write(run.join("coder0.hb"), "ts=2026-11-20T12:00:00+00:00\npid=77\nstatus=ok\n").unwrap();
        fs::write(run.join("coder1.hb"), "garbage").unwrap();
        fs::create_dir(run.join("coder2.hb")).unwrap();
        fs::write(run.join("coder0.state"), "ts=2026-11-20T12:00:00Z\nactivity=idle\n").unwrap();
        fs::write(run.join("coder1.state"), "nonsense").unwrap();
        for other in [".coder0.lock", "coder0.hb.tmp", "a b.hb", "hb", "coder3"] {
            fs::write(run.join(other), "").unwrap();
        }
        let files = look(&RunDirectory::at(run.to_owned())).unwrap();
        let read: Vec<_> =
            files.heartbeats.iter().map(|(agent, heartbeat)| (agent.as_str(), heartbeat.is_ok())).collect();
        assert_eq!(read, [("coder0", true), ("coder1", false), ("coder2", false)]);
        assert_eq!(files.activities.len(), 1);
        assert!(look(&RunDirectory::at(run.join("none"))).unwrap().heartbeats.is_empty());
        assert!(look(&RunDirectory::at(run.join("coder3"))).unwrap_err().contains("coder3"));
    }
}
