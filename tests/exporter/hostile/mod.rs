//! Hostile clients against the running exporter. An ordinary scrape runs beside each attack and must stay complete.

mod attacked;
mod bad_requests;
mod credentials;
mod crowds;
mod event_streams;
mod report_flood;
