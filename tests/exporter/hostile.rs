//! Clients that mean no good, against the running exporter. Each time an ordinary scrape goes on beside
//! them, and has to stay whole.

mod beside;
mod crowds;
mod reports;
mod requests;
mod secured;
mod streams;
