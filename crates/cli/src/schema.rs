//! Tests that the shipped JSON Schemas are those of the types that `--json` prints.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};

/// The schema of a type as it is serialized.
fn schema<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}

/// Compares a shipped schema. `UPDATE=1 cargo test -p mosaic-cli schema` writes the files.
fn check<T: JsonSchema>(name: &str) {
    let path = format!("{}/../../framework/fleet/{name}", env!("CARGO_MANIFEST_DIR"));
    let expected = serde_json::to_string_pretty(&schema::<T>()).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let shipped = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(shipped == expected, "{name} is not up to date: run this test with UPDATE=1");
}

#[test]
fn ps_schema_is_up_to_date() {
    check::<mosaic_probe::Snapshot>("ps.schema.json");
}

#[test]
fn verify_schema_is_up_to_date() {
    check::<mosaic_probe::Verification>("verify.schema.json");
}

#[test]
fn hosts_schema_is_up_to_date() {
    check::<mosaic_prometheus::HostsSnapshot>("hosts.schema.json");
}

#[test]
fn send_schema_is_up_to_date() {
    check::<mosaic_delivery::Receipts>("send.schema.json");
}

#[test]
fn update_schema_is_up_to_date() {
    check::<mosaic_update::UpdateReport>("update.schema.json");
}

#[test]
fn doctor_schema_is_up_to_date() {
    check::<mosaic_probe::doctor::Diagnosis>("doctor.schema.json");
}

#[test]
fn outbox_schema_is_up_to_date() {
    check::<mosaic_delivery::Listing>("outbox.schema.json");
}

#[test]
fn logs_schema_is_up_to_date() {
    check::<crate::command::agent::EndsReport>("logs.schema.json");
}

/// Consumers rely on required fields, whose values may be null but which are never missing.
#[test]
fn snapshot_has_every_required_field() {
    let schema = serde_json::to_value(schema::<mosaic_probe::Snapshot>()).unwrap();
    let printed = serde_json::to_value(crate::view::test_fleet::fleet()).unwrap();
    let required: Vec<&str> =
        schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(required.contains(&"agents") && required.contains(&"holder"), "{required:?}");
    for name in required {
        assert!(printed.get(name).is_some(), "{name}");
    }
}
