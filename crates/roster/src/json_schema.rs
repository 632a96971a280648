//! The JSON Schema of the roster, with which editors complete and check it.

use schemars::transform::{RecursiveTransform, Transform};
use schemars::{Schema, SchemaGenerator, json_schema};

use crate::{Class, HolderSession};

/// The shipped schema, which is installed beside the roster as `roster.schema.json`.
pub const SCHEMA: &str = include_str!("../../../framework/fleet/roster.schema.json");

/// Generates the schema from the types that the roster is deserialized into.
#[must_use]
pub fn json_schema() -> String {
    let mut schema = schemars::schema_for!(crate::document::Document);
    schema.insert("title".to_owned(), "Mosaic Fleet roster".into());
    RecursiveTransform(without_null_default).transform(&mut schema);
    // Serializing a `Value` does not fail.
    let text = serde_json::to_string_pretty(schema.as_value()).unwrap_or_default();
    text + "\n"
}

/// Removes `"default": null`: the roster does not accept null for any key.
fn without_null_default(schema: &mut Schema) {
    if schema.get("default").is_some_and(serde_json::Value::is_null) {
        schema.remove("default");
    }
}

const WORD: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
const ONE_LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$";

pub(crate) fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "const": 1 })
}

pub(crate) fn transport(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "const": "tmux" })
}

pub(crate) fn runtimes(generator: &mut SchemaGenerator) -> Schema {
    let section = generator.subschema_for::<crate::RuntimeSection>();
    json_schema!({ "type": "object", "propertyNames": { "pattern": WORD }, "additionalProperties": section })
}

pub(crate) fn agent_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$" })
}

pub(crate) fn class() -> Schema {
    let known: Vec<&str> = Class::KNOWN.iter().map(Class::as_str).chain(["coder"]).collect();
    json_schema!({
        "anyOf": [
            { "type": "string", "enum": known },
            { "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$" },
        ]
    })
}

pub(crate) fn runtime_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": WORD, "examples": crate::Roster::BUILT_IN_RUNTIMES })
}

pub(crate) fn socket_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": WORD,
        "not": { "const": "default" },
        "default": mosaic_domain::SocketName::DEFAULT,
    })
}

pub(crate) fn holder_session(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": "^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$",
        "default": HolderSession::DEFAULT,
    })
}

pub(crate) fn working_directory(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^(/|~$|~/)[^\\u0000-\\u001f\\u007f-\\u009f]*$" })
}

pub(crate) fn one_line(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": ONE_LINE })
}

pub(crate) fn paragraphs(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]*$" })
}

pub(crate) fn beat_interval(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "number", "minimum": 0.001, "maximum": 86400 })
}

pub(crate) fn memory_max(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["string", "integer"],
        "minimum": 1,
        "pattern": "^(infinity|[0-9]+(\\.[0-9]+)?[BKMGTPE%]?)$",
        "examples": ["2G", "50%", "infinity"],
    })
}

pub(crate) fn cpu_quota(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,2})?%$", "examples": ["50%", "150%"] })
}

pub(crate) fn tasks_max(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["string", "integer"],
        "minimum": 1,
        "pattern": "^(infinity|[0-9]+|[0-9]+(\\.[0-9]{1,2})?%)$",
        "examples": [500, "10%", "infinity"],
    })
}
