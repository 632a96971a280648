use serde_json::Value;

/// What the model answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Reply {
    /// "noted"
    #[default]
    Noted,
    /// It wants a tool to be used.
    Tool {
        /// The tool's name, as the agent program calls it.
        name: String,
        /// With what.
        arguments: Value,
    },
}
