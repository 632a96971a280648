//! What `mosaic agent send` said.

use serde_json::Value;
use std::process::Output;

#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) exit_code: Option<i32>,
    pub(crate) stderr: String,
    /// One for each agent; none where nobody was sent anything.
    pub(crate) receipts: Vec<Value>,
}

impl Sent {
    pub(crate) fn of(output: Output) -> Self {
        let said: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        Self {
            exit_code: output.status.code(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            receipts: said["receipts"].as_array().cloned().unwrap_or_default(),
        }
    }

    /// What became of the message to the only agent: `accepted`, `refused draft`.
    pub(crate) fn outcome(&self) -> String {
        let [receipt] = self.receipts.as_slice() else { panic!("not one receipt: {self:?}") };
        outcome(receipt)
    }

    /// The file that its text is in.
    pub(crate) fn file(&self) -> Option<&str> {
        self.receipts.first()?["file"].as_str()
    }
}

/// What a receipt tells: `accepted`, `refused draft`.
pub(crate) fn outcome(receipt: &Value) -> String {
    let words = [&receipt["outcome"], &receipt["code"]];
    words.into_iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}
