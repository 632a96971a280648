//! The demo as a person sees it: it tells the truth, and leaves nothing behind.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod ends;
mod left;
mod refusals;
mod scene;
mod show;
