//! What an agent may use: values that systemd takes, checked before it sees them.

mod cpu_quota;
mod invalid_limit;
mod memory_max;
mod percentage;
mod tasks_max;

pub use cpu_quota::CpuQuota;
pub use invalid_limit::InvalidLimit;
pub use memory_max::MemoryMax;
pub use tasks_max::TasksMax;

/// What an agent and all that it starts may use; rendered as a drop-in of its unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename = "limits")]
pub struct Limits {
    /// Most memory: bytes, or with K, M, G or T, a percentage of the host's, or "infinity".
    #[serde(default, deserialize_with = "crate::reading::number_or_text")]
    #[schemars(schema_with = "crate::schema::memory_max")]
    pub memory_max: Option<MemoryMax>,
    /// Most processor time: 100% is one processor all the time, 150% one and a half.
    #[serde(default, deserialize_with = "crate::reading::cpu_quota")]
    #[schemars(schema_with = "crate::schema::cpu_quota")]
    pub cpu_quota: Option<CpuQuota>,
    /// Most processes and threads: a number, a percentage of the host's, or "infinity".
    #[serde(default, deserialize_with = "crate::reading::number_or_text")]
    #[schemars(schema_with = "crate::schema::tasks_max")]
    pub tasks_max: Option<TasksMax>,
}

impl Limits {
    /// Is there no limit?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
