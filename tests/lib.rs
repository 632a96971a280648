//! End-to-end tests: one file a promise of the README, named for it.
//!
//! They run the built programs (`./dev test` builds them) in fleets of their own, which
//! `harness` makes; nothing of the developer's own tmux, home or user manager is touched.
