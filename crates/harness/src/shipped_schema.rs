use crate::Binaries;
use jsonschema::Validator;
use serde_json::Value;
use std::sync::OnceLock;

/// A shipped JSON Schema of a command's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShippedSchema {
    /// `mosaic fleet ps --json`
    Ps,
    /// `mosaic fleet verify --json`
    Verify,
    /// `mosaic agent send --json` and the other commands that print delivery results
    Send,
    /// `mosaic agent outbox --json`
    Outbox,
    /// `mosaic fleet update --json`
    Update,
    /// `mosaic agent logs --json`
    Logs,
    /// `mosaic doctor --json`
    Doctor,
}

impl ShippedSchema {
    /// Parses a command's output; panics with all violations of the schema.
    #[must_use]
    pub fn read(self, printed: &[u8]) -> Value {
        let text = || String::from_utf8_lossy(printed);
        let value = serde_json::from_slice(printed).unwrap_or_else(|error| panic!("not JSON: {error}: {}", text()));
        let violations = self.violations(&value);
        assert!(violations.is_empty(), "violates {}: {violations:#?}\n{}", self.file(), text());
        value
    }

    /// Returns all violations of the schema.
    #[must_use]
    pub fn violations(self, value: &Value) -> Vec<String> {
        self.validator().iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
    }

    fn file(self) -> &'static str {
        match self {
            Self::Ps => "ps.schema.json",
            Self::Verify => "verify.schema.json",
            Self::Send => "send.schema.json",
            Self::Outbox => "outbox.schema.json",
            Self::Update => "update.schema.json",
            Self::Logs => "logs.schema.json",
            Self::Doctor => "doctor.schema.json",
        }
    }

    fn validator(self) -> &'static Validator {
        static PS: OnceLock<Validator> = OnceLock::new();
        static VERIFY: OnceLock<Validator> = OnceLock::new();
        static SEND: OnceLock<Validator> = OnceLock::new();
        static OUTBOX: OnceLock<Validator> = OnceLock::new();
        static UPDATE: OnceLock<Validator> = OnceLock::new();
        static LOGS: OnceLock<Validator> = OnceLock::new();
        static DOCTOR: OnceLock<Validator> = OnceLock::new();
        let once = match self {
            Self::Ps => &PS,
            Self::Verify => &VERIFY,
            Self::Send => &SEND,
            Self::Outbox => &OUTBOX,
            Self::Update => &UPDATE,
            Self::Logs => &LOGS,
            Self::Doctor => &DOCTOR,
        };
        once.get_or_init(|| {
            let path = Binaries::workspace().join("framework/fleet").join(self.file());
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let schema = serde_json::from_str(&text).expect("a schema is JSON");
            jsonschema::validator_for(&schema).expect("the schema is valid")
        })
    }
}
