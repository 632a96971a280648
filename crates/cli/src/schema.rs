//! The JSON Schemas of what `--json` prints, as they are shipped.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};

/// The schema of a type as it is written, not as it would be read.
fn schema<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}

/// `UPDATE=1 cargo test -p cli schema` writes the file anew.
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
fn the_shipped_schema_of_ps_is_that_of_its_types() {
    check::<mosaic_probe::Snapshot>("ps.schema.json");
}

#[test]
fn the_shipped_schema_of_verify_is_that_of_its_types() {
    check::<mosaic_probe::Verification>("verify.schema.json");
}

#[test]
fn the_shipped_schema_of_hosts_is_that_of_its_types() {
    check::<crate::prometheus::HostsSnapshot>("hosts.schema.json");
}

#[test]
fn the_shipped_schema_of_send_is_that_of_its_types() {
    check::<mosaic_delivery::Receipts>("send.schema.json");
}

#[test]
fn the_shipped_schema_of_an_update_is_that_of_its_types() {
    check::<crate::update::UpdateReport>("update.schema.json");
}

#[test]
fn the_shipped_schema_of_the_outbox_is_that_of_its_types() {
    check::<mosaic_delivery::Listing>("outbox.schema.json");
}

/// Every field is always there, so a consumer need not ask: but an error that there is none of.
#[test]
fn what_is_printed_has_every_field_that_the_schema_requires() {
    let schema = serde_json::to_value(schema::<mosaic_probe::Snapshot>()).unwrap();
    let printed = serde_json::to_value(crate::view::test_fleet::fleet()).unwrap();
    let required: Vec<&str> =
        schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(required.contains(&"agents") && required.contains(&"holder"), "{required:?}");
    for name in required {
        assert!(printed.get(name).is_some(), "{name}");
    }
}
