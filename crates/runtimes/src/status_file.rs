//! The status file: a file that a program keeps about itself, which says what it does.
//!
//! It knows what neither hooks nor reports do: that a person has interrupted a turn, or has answered a dialog.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use mosaic_domain::Pid;
use serde_json::Value;

use crate::ScreenSign;

/// Where a program keeps its status file, and what is in it: a JSON object.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusFile {
    /// The variable that names the program's configuration directory.
    pub variable: String,
    /// The configuration directory without that variable, relative to the home directory.
    pub directory: String,
    /// The file, relative to the configuration directory; `{pid}` stands for the PID of the program.
    pub path: String,
    /// The member with the start time of the program, in clock ticks since boot (field 22 of `/proc/PID/stat`). A file
    /// with another start time was written by an earlier process with the same PID.
    pub start: String,
    /// The member with the state.
    pub state: String,
    /// The member with the time of the last change of the state, in milliseconds since the epoch.
    pub since: String,
    /// The member that says what the program waits for.
    pub waiting_for: String,
    /// What each state means. The file is not used while it has another state.
    pub states: BTreeMap<String, StatusMeaning>,
    /// The names of the dialogs, by the value of the member that says what the program waits for.
    #[serde(default)]
    pub dialogs: BTreeMap<String, String>,
}

/// What a state in a status file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StatusMeaning {
    /// The program works.
    Busy,
    /// The program waits for the next message.
    Ready,
    /// A dialog is open.
    Dialog,
}

/// What a status file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramStatus {
    /// What the program does.
    pub sign: ScreenSign,
    /// Whether the name of an open dialog is the profile's, rather than the program's own words.
    pub is_named: bool,
    /// Since when, in milliseconds since the epoch.
    pub since: i64,
}

impl StatusFile {
    /// The status file of the program with this PID. The arguments after it are the value of [`variable`](Self::variable)
    /// and of `HOME` in the environment of the program; `None` if neither is known.
    #[must_use]
    pub fn path(&self, pid: Pid, configuration: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
        let is_set = |value: &OsString| !value.is_empty();
        let directory = match configuration.filter(is_set) {
            Some(directory) => PathBuf::from(directory),
            None => Path::new(&home.filter(is_set)?).join(&self.directory),
        };
        Some(directory.join(self.path.replace("{pid}", &pid.to_string())))
    }

    /// Parses a status file; `None` if the program that started at `start_ticks` did not write it, or it has a state
    /// without a meaning.
    #[must_use]
    pub fn parse(&self, text: &[u8], start_ticks: u64) -> Option<ProgramStatus> {
        let file: Value = serde_json::from_slice(text).ok()?;
        let start = match file.get(&self.start)? {
            Value::String(text) => text.parse().ok()?,
            number => number.as_u64()?,
        };
        let meaning = self.states.get(file.get(&self.state)?.as_str()?).filter(|_| start == start_ticks)?;
        let (sign, is_named) = match meaning {
            StatusMeaning::Busy => (ScreenSign::Busy, false),
            StatusMeaning::Ready => (ScreenSign::Ready, false),
            StatusMeaning::Dialog => {
                let words = file.get(&self.waiting_for).and_then(Value::as_str).unwrap_or("unknown");
                let name = self.dialogs.get(words);
                (ScreenSign::Dialog(name.map_or(words, String::as_str).to_owned()), name.is_some())
            }
        };
        Some(ProgramStatus { sign, is_named, since: file.get(&self.since)?.as_i64()? })
    }
}

#[cfg(test)]
mod tests {
    use super::{ProgramStatus, StatusFile};
    use crate::{ProfileLibrary, ScreenSign};
    use mosaic_domain::{MosaicHome, Pid};

    fn claude() -> StatusFile {
        let home = MosaicHome::from_environment(|name| (name == "MOSAIC_HOME").then(|| "/nonexistent".into())).unwrap();
        ProfileLibrary::new(&home).profile(&"claude".parse().unwrap()).unwrap().status_file.unwrap()
    }

    /// As Claude Code 2.1.332 writes it, without the members that are not read.
    const FILE: &str = r#"{"pid":22912,"procStart":"95241","version":"2.1.332","status":"waiting",
        "waitingFor":"permission prompt","updatedAt":1796128803270,"statusUpdatedAt":1796128803262}"#;

    #[test]
    fn the_file_of_the_running_process_says_what_it_does() {
        let status = |sign, is_named| Some(ProgramStatus { sign, is_named, since: 1_796_128_803_262 });
        let dialog = |name: &str| ScreenSign::Dialog(name.to_owned());
        let permission = status(dialog("permission"), true);
        let table = [
            ("", "", 95_241, permission.clone()),
            (r#""95241""#, "95241", 95_241, permission),
            ("permission prompt", "dialog open", 95_241, status(dialog("dialog open"), false)),
            (r#""waiting""#, r#""busy""#, 95_241, status(ScreenSign::Busy, false)),
            (r#""waiting""#, r#""idle""#, 95_241, status(ScreenSign::Ready, false)),
            ("waitingFor", "other", 95_241, status(dialog("unknown"), false)),
            (r#""waiting""#, r#""dreaming""#, 95_241, None),
            ("", "", 95_242, None),
            ("procStart", "other", 95_241, None),
            ("statusUpdatedAt", "other", 95_241, None),
            ("}", "", 95_241, None),
        ];
        for (from, to, start, expected) in table {
            let text = if from.is_empty() { FILE.to_owned() } else { FILE.replace(from, to) };
            let parsed = claude().parse(text.as_bytes(), start);
            assert_eq!(parsed, expected, "{text} {start}");
        }
    }

    #[test]
    fn the_environment_of_the_program_says_where_the_file_is() {
        let path = |configuration: Option<&str>, home: Option<&str>| {
            let pid = Pid::new(7).unwrap();
            let path = claude().path(pid, configuration.map(Into::into), home.map(Into::into));
            path.map(|path| path.display().to_string())
        };
        assert_eq!(path(None, Some("/home/u")).as_deref(), Some("/home/u/.claude/sessions/7.json"));
        assert_eq!(path(Some(""), Some("/home/u")).as_deref(), Some("/home/u/.claude/sessions/7.json"));
        assert_eq!(path(Some("/c"), Some("/home/u")).as_deref(), Some("/c/sessions/7.json"));
        assert_eq!(path(None, None), None);
    }
}
