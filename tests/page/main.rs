//! The page in a real Chromium: what a person sees of a real fleet, and what the page asks for.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod contrast;
mod keyboard;
mod live;
mod opened;
mod pictures;
