//! Tests of whole expositions.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod families;
mod fixture;
mod label_values;
mod parser;
mod sample_values;
mod selection;
