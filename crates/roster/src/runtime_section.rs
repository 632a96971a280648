//! One entry of the roster's section `runtimes`.

/// How agents of one runtime are started and reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename = "runtime")]
pub struct RuntimeSection {
    /// Command line that runs the agent, read by the shell; `mosaic yolo RUNTIME` if left out.
    #[serde(default, deserialize_with = "crate::reading::one_line")]
    #[schemars(schema_with = "crate::schema::one_line")]
    pub command: Option<String>,
    /// What is typed into the agent to make it forget a task, such as `/clear`.
    #[serde(default, deserialize_with = "crate::reading::one_line")]
    #[schemars(schema_with = "crate::schema::one_line")]
    pub reset_command: Option<String>,
}
