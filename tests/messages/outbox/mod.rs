//! `mosaic agent outbox`, `screen`, `key` and `reset`.

mod cancel_and_retry;
mod deliver;
mod list;
mod outbox_fixture;
mod reset;
mod screen_and_keys;
