//! Receipts as text.

use std::fmt::Write as _;

use mosaic_delivery::spool::State;
use mosaic_delivery::{Receipt, Receipts};

/// Returns a line for each receipt.
pub(super) fn receipts_text(receipts: &Receipts) -> String {
    let receipts = &receipts.receipts;
    let width = receipts.iter().map(|receipt| receipt.agent.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for receipt in receipts {
        let _ = writeln!(text, "{:width$}  {}", receipt.agent, receipt_text(receipt));
    }
    text
}

/// Returns the outcome with its reason, advice, and the id of the message.
pub(super) fn receipt_text(receipt: &Receipt) -> String {
    let Receipt { outcome, id, .. } = receipt;
    let reason = match &receipt.reason {
        Some(reason) => format!(": {reason}{}", advice(receipt)),
        None => String::new(),
    };
    let file = receipt.file.as_ref().map_or(String::new(), |file| format!(" (the text is in the file {file})"));
    let id = if id.is_empty() { String::new() } else { format!("  [{id}]") };
    format!("{outcome}{reason}{file}{id}")
}

fn advice(receipt: &Receipt) -> String {
    let agent = &receipt.agent;
    match (receipt.outcome, receipt.code.as_deref()) {
        (State::Waiting, _) => "; it will be delivered when this ends".to_owned(),
        (State::Refused, Some("no-session" | "dead")) => {
            format!("; 'mosaic fleet start {agent}' starts it, or use --queue to wait for it")
        }
        (State::Refused, Some("dialog" | "draft" | "no-composer" | "in-mode")) => {
            format!("; see 'mosaic agent screen {agent}', or use --queue to wait")
        }
        (State::Unconfirmed, _) => format!("; check 'mosaic agent screen {agent}' before you send it again"),
        _ => String::new(),
    }
}
