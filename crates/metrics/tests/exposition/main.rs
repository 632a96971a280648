//! What a scrape answers with: a promise a file.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod fixture;
mod golden;
mod known;
mod labels;
mod parsed;
mod selected;
mod table;
mod volume;
