//! The answer of `mosaic fleet verify`.

use mosaic_domain::ExitCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Check, Status};

/// Every check, and what follows from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "mosaic fleet verify --json")]
pub struct Verification {
    /// The version of this form: 1. Fields are only ever added to it.
    pub schema: u32,
    /// The host.
    pub host: String,
    /// The user whose fleet it is.
    pub tenant: String,
    /// When was looked (RFC 3339).
    pub observed_at: String,
    /// Every required check passed.
    pub passed: bool,
    /// The table.
    pub checks: Vec<Check>,
}

impl Verification {
    /// 0 if all required checks passed; 1 if one failed; 69 if none failed, and one could not be made.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        exit_code(&self.checks)
    }
}

pub(super) fn exit_code(checks: &[Check]) -> ExitCode {
    let any = |status| checks.iter().any(|check| check.required && check.status == status);
    if any(Status::Fail) {
        ExitCode::CheckFailed
    } else if any(Status::Unknown) {
        ExitCode::Unavailable
    } else {
        ExitCode::Ok
    }
}
