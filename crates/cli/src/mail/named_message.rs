//! A message that is named on the command line.

use std::fmt::Write as _;

use mosaic_delivery::spool::{InvalidMessageId, MessageId};

use super::Kept;
use crate::error::CommandError;

/// What shape the last digits of an id have.
fn is_short(typed: &str) -> bool {
    typed.len() == 4 && typed.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// The message that is meant by its id, or by the last four digits of it.
///
/// # Errors
/// There is none, or there are several.
pub(crate) fn named_message<'a>(kept: &'a [Kept], typed: &str) -> Result<&'a Kept, CommandError> {
    let plain = typed.to_ascii_lowercase();
    if !is_short(&plain) {
        plain
            .parse::<MessageId>()
            .map(drop)
            .map_err(|error: InvalidMessageId| CommandError::Usage(error.to_string()))?;
    }
    let meant: Vec<&Kept> = kept.iter().filter(|message| message.now.id.is_meant_by(&plain)).collect();
    match meant.as_slice() {
        [one] => Ok(one),
        [] => Err(CommandError::Usage(format!("there is no message {typed}: 'mosaic agent outbox --all' lists them"))),
        several => {
            let mut text = format!("{typed} could be any of {} messages, name it by its whole id:", several.len());
            for Kept { agent, now, .. } in several {
                let _ = write!(text, "\n  {}  to {agent}, {}", now.id, now.state);
            }
            Err(CommandError::Usage(text))
        }
    }
}

/// What names a message among these: its last digits, or all of its id where those are not enough.
pub(crate) fn shortest_name(kept: &[Kept], id: &MessageId) -> String {
    let alike = kept.iter().filter(|message| message.now.id.short() == id.short()).count();
    if alike > 1 { id.to_string() } else { id.short().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{named_message, shortest_name};
    use crate::mail::test_outbox::TestOutbox;
    use mosaic_delivery::spool::State;

    #[test]
    fn four_digits_name_a_message_where_no_other_has_them() {
        let outbox = TestOutbox::new();
        let one = outbox.put("coder0", 0x1f0c, State::Waiting);
        let other = outbox.put("coder1", 0x1f0d, State::Accepted);
        let kept = outbox.kept();
        for typed in ["1f0c", "1F0C", one.as_str()] {
            assert_eq!(named_message(&kept, typed).unwrap().now.id, one, "{typed}");
        }
        assert_eq!(named_message(&kept, "1f0d").unwrap().now.id, other);
        assert_eq!(shortest_name(&kept, &one), "1f0c");
        for (wrong, said) in [("0000", "no message 0000"), ("1f0", "no id"), ("", "no id"), ("coder0", "no id")] {
            let error = named_message(&kept, wrong).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("mosaic agent outbox"), "{wrong}: {error}");
        }
    }

    #[test]
    fn digits_that_several_have_are_told_with_all_of_them() {
        let outbox = TestOutbox::new();
        let ids = [outbox.put("coder0", 7, State::Waiting), outbox.put("coder1", 7, State::Refused)];
        let kept = outbox.kept();
        let error = named_message(&kept, "0007").unwrap_err().to_string();
        for id in &ids {
            assert!(error.contains(id.as_str()), "{error}");
            assert_eq!(&named_message(&kept, id.as_str()).unwrap().now.id, id);
            assert_eq!(shortest_name(&kept, id), id.as_str());
        }
    }
}
