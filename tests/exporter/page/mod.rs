//! The page in a real Chromium: what it shows of a real fleet, and what it requests.

mod appearance;
mod keyboard;
mod live_updates;
mod open_page;
