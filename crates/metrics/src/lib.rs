//! A snapshot as Prometheus families.
