//! How the typed fields of a snapshot are serialized: as the text that their `Display` gives.
//!
//! Times are RFC 3339 in UTC. They are rounded to milliseconds when the snapshot is made, and written with as many
//! fractional digits as they need; the times of an activity always have three.
#![allow(clippy::ref_option, reason = "serde passes a reference to the field")]

use std::fmt::Display;

use jiff::Timestamp;
use serde::Serializer;

pub(crate) fn display<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(crate) fn optional<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

pub(crate) fn milliseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.3}"))
}

pub(crate) fn optional_milliseconds<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => milliseconds(time, serializer),
        None => serializer.serialize_none(),
    }
}
