//! `mosaic RUNTIME` and `mosaic yolo RUNTIME`, and the activity that agents report or show on their screens.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod activity;
mod doctor;
mod runtime_commands;
