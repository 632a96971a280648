use super::UserManager;
use crate::keeper_order::KeeperOrder;
use serde_json::Value;

/// What the manager's units have logged.
impl UserManager {
    /// What `journalctl` finds for these arguments (`["--user", "-u", "x.service"]`,
    /// `["AGENT=coder0"]`), oldest first, with everything that was logged before this call.
    #[must_use]
    pub fn journal(&self, matches: &[&str]) -> Vec<Value> {
        self.keeper.order(KeeperOrder::Sync);
        let mut command = self.command("journalctl");
        command.args(["--output=json", "--all", "--no-pager", "--quiet"]);
        let output = command.args(matches).output().expect("run journalctl");
        // It fails when nothing matches with some arguments, and says why when something is wrong.
        assert!(output.stderr.is_empty(), "journalctl {}: {output:?}", matches.join(" "));
        let lines = output.stdout.split(|byte| *byte == b'\n');
        lines
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).expect("journalctl writes JSON"))
            .collect()
    }

    /// The `MESSAGE` of each; empty for one that is not text.
    #[must_use]
    pub fn journal_messages(&self, matches: &[&str]) -> Vec<String> {
        let text = |entry: &Value| entry["MESSAGE"].as_str().unwrap_or_default().to_owned();
        self.journal(matches).iter().map(text).collect()
    }
}
