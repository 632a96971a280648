//! The table of messages: pure.

use mosaic_delivery::spool::State;

use super::units::{age, duration};
use super::{Column, Line, Paint, Style, Table};
use mosaic_delivery::{ListedMessage, Listing};

/// Lays out messages, with the reason of a state below its row. `now` is in RFC 3339.
pub(crate) fn message_table(listing: &Listing, now: &str, style: &Style) -> Vec<Line> {
    let mut table = Table::new([
        Column::left("ID"),
        Column::left("AGENT"),
        Column::left("STATE"),
        Column::right("AGE").dispensable(1),
        Column::left("FROM").dispensable(2),
        Column::left("TEXT"),
    ]);
    for message in &listing.messages {
        table.row([
            (Paint::Bold, message.name.clone()),
            (Paint::Plain, message.agent.clone()),
            (message.state.into(), message.state.to_string()),
            (Paint::Plain, age(&message.created, now).map_or("-".to_owned(), duration)),
            (Paint::Dim, message.source.clone()),
            (Paint::Plain, first_line(message).to_owned()),
        ]);
        if let Some(note) = note(message, now) {
            table.note(Paint::Dim, &note);
        }
    }
    table.lay_out(style)
}

/// Whom it is from is in a column of its own, so the preamble is left out.
fn first_line(message: &ListedMessage) -> &str {
    let text = message.text.as_str();
    let preamble = format!("[{} -> ", message.source);
    let text = text.strip_prefix(&preamble).and_then(|rest| rest.split_once("] ")).map_or(text, |(_, text)| text);
    text.lines().next().unwrap_or_default()
}

fn note(message: &ListedMessage, now: &str) -> Option<String> {
    // From then to now, the other way around.
    let left = message.expires.as_deref().and_then(|expires| age(now, expires));
    let good = left.filter(|_| message.state == State::Waiting).map(|left| match left.as_secs() {
        0 => "its time is over".to_owned(),
        _ => format!("good for {} more", duration(left)),
    });
    let said: Vec<String> = message.reason.clone().into_iter().chain(good).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

impl From<State> for Paint {
    fn from(state: State) -> Self {
        match state {
            State::Accepted | State::Queued => Self::Green,
            State::Staged | State::Typing | State::Typed | State::Submitted => Self::Cyan,
            State::Waiting => Self::Yellow,
            State::Unconfirmed => Self::Magenta,
            State::Refused | State::Expired => Self::Red,
            State::Cancelled => Self::Dim,
        }
    }
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
            created: "2026-01-01T11:59:00Z".to_owned(),
            since: "2026-01-01T11:59:00Z".to_owned(),
            expires: expires.map(str::to_owned),
            text: "[build1:operator -> build1:coder0] please rebase on main, and push\nat once".to_owned(),
            file: None,
            name: name.to_owned(),
        }
    }

    fn shown(columns: usize) -> String {
        let messages = [
            message("1f0c", State::Waiting, Some("it has no session"), Some("2026-01-01T13:00:00Z")),
            message("77e1", State::Accepted, None, None),
            message("0a31", State::Waiting, None, Some("2026-01-01T11:00:00Z")),
        ];
        let listing = Listing { schema: Listing::SCHEMA, host: "build1".to_owned(), messages: messages.to_vec() };
        let style = Style { columns, colour: false, ascii: true };
        render(&message_table(&listing, "2026-01-01T12:00:00Z", &style), &style)
    }

    #[test]
    fn each_message_has_a_row_and_why_it_has_come_no_further_below() {
        insta::assert_snapshot!(shown(120), @"
          ID    AGENT   STATE       AGE  FROM             TEXT
          1f0c  coder0  waiting   1m00s  build1:operator  please rebase on main, and push
            it has no session; good for 1h00m more
          77e1  coder0  accepted  1m00s  build1:operator  please rebase on main, and push
          0a31  coder0  waiting   1m00s  build1:operator  please rebase on main, and push
            its time is over
        ");
    }

    #[test]
    fn a_narrow_terminal_has_the_beginning_of_the_text() {
        insta::assert_snapshot!(shown(44), @"
          ID    AGENT   STATE     TEXT
          1f0c  coder0  waiting   please rebase on ~
            it has no session; good for 1h00m more
          77e1  coder0  accepted  please rebase on ~
          0a31  coder0  waiting   please rebase on ~
            its time is over
        ");
    }
}
