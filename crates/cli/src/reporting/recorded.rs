//! Events as the real programs told them, in `events`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Report;

/// What each recorded event of a runtime says: `working`, `waiting permission: Bash`, ...; `-` is nothing.
pub(super) fn recorded(runtime: &str, report_of: fn(&Value) -> Option<Report>) -> BTreeMap<String, String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/reporting/events").join(runtime);
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let said = files.map(|path| {
        let event = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let line = report_of(&event).map_or_else(|| "-".to_owned(), |report| line(&report));
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), line)
    });
    said.collect()
}

fn line(report: &Report) -> String {
    let Report { activity, reason, model, task } = report;
    let mut words = vec![activity.to_string()];
    words.extend(reason.clone());
    words.extend(model.as_ref().map(|model| format!("model={model}")));
    words.extend(task.as_ref().map(|task| format!("task={task}")));
    words.join(" ")
}
