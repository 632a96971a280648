//! Receipts as text.

use std::fmt::Write as _;

use mosaic_delivery::spool::State;
use mosaic_delivery::{Receipt, Receipts};

/// Whether the command that prints a receipt has the option `--queue`, which the advice may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueueOption {
    Exists,
    Missing,
}

/// Returns a line for each receipt.
pub(super) fn receipts_text(receipts: &Receipts, queue_option: QueueOption) -> String {
    let receipts = &receipts.receipts;
    let width = receipts.iter().map(|receipt| receipt.agent.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for receipt in receipts {
        let _ = writeln!(text, "{:width$}  {}", receipt.agent, receipt_text(receipt, queue_option));
    }
    text
}

/// Returns the outcome with its reason, advice, and the id of the message.
pub(super) fn receipt_text(receipt: &Receipt, queue_option: QueueOption) -> String {
    let Receipt { outcome, id, .. } = receipt;
    let reason = match &receipt.reason {
        Some(reason) => format!(": {reason}{}", advice(receipt, queue_option)),
        None => String::new(),
    };
    let file = receipt.file.as_ref().map_or(String::new(), |file| format!(" (the text is in the file {file})"));
    let id = if id.is_empty() { String::new() } else { format!("  [{id}]") };
    format!("{outcome}{reason}{file}{id}")
}

fn advice(receipt: &Receipt, queue_option: QueueOption) -> String {
    let queue = |text| if queue_option == QueueOption::Exists { text } else { "" };
    let agent = &receipt.agent;
    match (receipt.outcome, receipt.code.as_deref()) {
        (State::Waiting, _) => "; it will be delivered when this ends".to_owned(),
        (State::Refused, Some("no-session" | "dead")) => {
            format!("; 'mosaic fleet start {agent}' starts it{}", queue(", or use --queue to wait for it"))
        }
        (State::Refused, Some("dialog" | "draft" | "no-composer" | "in-mode")) => {
            format!("; see 'mosaic agent screen {agent}'{}", queue(", or use --queue to wait"))
        }
        (State::Refused | State::Unconfirmed, Some("own-draft" | "still-there")) => {
            let id = if receipt.outcome == State::Unconfirmed { receipt.id.as_str() } else { "ID" };
            format!("; 'mosaic agent outbox retry {id}' submits it, 'mosaic agent outbox cancel {id}' removes it")
        }
        (State::Unconfirmed, _) => format!("; check 'mosaic agent screen {agent}' before you send it again"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{QueueOption, receipt_text};
    use mosaic_delivery::Receipt;
    use mosaic_delivery::spool::State;

    #[test]
    fn only_a_command_with_the_option_advises_queue() {
        for code in ["no-session", "dialog"] {
            let receipt = Receipt {
                agent: "coder0".to_owned(),
                id: String::new(),
                outcome: State::Refused,
                code: Some(code.to_owned()),
                reason: Some("why".to_owned()),
                file: None,
                milliseconds: 0,
            };
            let [with, without] =
                [QueueOption::Exists, QueueOption::Missing].map(|option| receipt_text(&receipt, option));
            assert!(with.contains(", or use --queue"), "{with}");
            assert!(!without.contains("queue") && without.contains("coder0'"), "{without}");
        }
    }
}
