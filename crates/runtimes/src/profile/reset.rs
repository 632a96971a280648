//! How a runtime is made to forget.

/// What is typed for it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// Forgets the conversation.
    pub clear: String,
    /// Begins another conversation, and keeps the old one.
    pub new: String,
}
