//! The table of messages: `mosaic agent outbox list`.

use std::time::Duration;

use mosaic_delivery::spool::State;
use mosaic_terminal::{Column, Line, Paint, Style, Table, elapsed, format_duration};

use super::marks::message_paint;
use mosaic_delivery::{ListedMessage, Listing};

/// Lays out the messages. The reason for a state is below its row. `now` is in RFC 3339.
pub(crate) fn message_table(listing: &Listing, now: &str, style: &Style) -> Vec<Line> {
    let mut table = Table::new([
        Column::left("ID"),
        Column::left("AGENT"),
        Column::left("STATE"),
        Column::right("AGE").optional(1),
        Column::left("FROM").optional(2),
        Column::left("TEXT"),
    ]);
    for message in &listing.messages {
        table.push_row([
            (Paint::Bold, message.name.clone()),
            (Paint::Plain, message.agent.clone()),
            (message_paint(message.state), message.state.to_string()),
            (Paint::Plain, between(&message.created, now).map_or("-".to_owned(), format_duration)),
            (Paint::Dim, message.from.clone()),
            (Paint::Plain, first_line(message).to_owned()),
        ]);
        if let Some(note) = note(message, now) {
            table.push_note(Paint::Dim, &note);
        }
    }
    table.lay_out(style)
}

/// The first line of the text, without the preamble: the sender has a column of its own.
fn first_line(message: &ListedMessage) -> &str {
    let text = message.text.as_str();
    let preamble = format!("[{} -> ", message.from);
    let text = text.strip_prefix(&preamble).and_then(|rest| rest.split_once("] ")).map_or(text, |(_, text)| text);
    text.lines().next().unwrap_or_default()
}

/// The time between two timestamps in RFC 3339; `None` if one of them is invalid.
fn between(then: &str, now: &str) -> Option<Duration> {
    Some(elapsed(then.parse().ok()?, now.parse().ok()?))
}

fn note(message: &ListedMessage, now: &str) -> Option<String> {
    let left = message.expires.as_deref().and_then(|expires| between(now, expires));
    let validity = left.filter(|_| message.state == State::Waiting).map(|left| match left.as_secs() {
        0 => "expired".to_owned(),
        _ => format!("expires in {}", format_duration(left)),
    });
    let parts: Vec<String> = message.reason.clone().into_iter().chain(validity).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::message_table;
    use crate::view::{Style, render};
    use mosaic_delivery::spool::State;
    use mosaic_delivery::{ListedMessage, Listing};

    fn message(name: &str, state: State, reason: Option<&str>, expires: Option<&str>) -> ListedMessage {
        ListedMessage {
            id: format!("00063f2a9b1c4d-{name}"),
            agent: "coder0".to_owned(),
            state,
            code: None,
            reason: reason.map(str::to_owned),
            source: "build1:operator".to_owned(),
            sender: Some("build1:operator".to_owned()),
            from: "build1:operator".to_owned(),
            created: "2026-01-01T11:59:00Z".to_owned(),
            since: "2026-01-01T11:59:00Z".to_owned(),
            expires: expires.map(str::to_owned),
            text: "[build1:operator -> build1:coder0] please rebase on main, and push\nat once".to_owned(),
            file: None,
            name: name.to_owned(),
        }
    }

    fn table(columns: usize) -> String {
        let messages = [
            message("1f0c", State::Waiting, Some("it has no session"), Some("2026-01-01T13:00:00Z")),
            message("77e1", State::Accepted, None, None),
            message("0a31", State::Waiting, None, Some("2026-01-01T11:00:00Z")),
        ];
        let listing = Listing { schema: Listing::SCHEMA, host: "build1".to_owned(), messages: messages.to_vec() };
        let style = Style { columns, color: false, ascii: true };
        render(&message_table(&listing, "2026-01-01T12:00:00Z", &style), &style)
    }

    #[test]
    fn each_message_has_a_row_with_its_reason_below() {
        insta::assert_snapshot!(table(120), @"
          ID    AGENT   STATE       AGE  FROM             TEXT
          1f0c  coder0  waiting   1m00s  build1:operator  please rebase on main, and push
            it has no session; expires in 1h00m
          77e1  coder0  accepted  1m00s  build1:operator  please rebase on main, and push
          0a31  coder0  waiting   1m00s  build1:operator  please rebase on main, and push
            expired
        ");
    }

    #[test]
    fn a_narrow_terminal_cuts_the_text() {
        insta::assert_snapshot!(table(44), @"
          ID    AGENT   STATE     TEXT
          1f0c  coder0  waiting   please rebase on ~
            it has no session; expires in 1h00m
          77e1  coder0  accepted  please rebase on ~
          0a31  coder0  waiting   please rebase on ~
            expired
        ");
    }
}
