//! What came back for a request.

use zbus::Message;
use zbus::message::Type;
use zbus::{OwnedVariant, Variant};

use crate::{JobOutcome, ManagerError};

/// A reply.
#[derive(Debug)]
pub(super) enum Reply {
    /// What was asked for.
    Answer(Message),
    /// An error.
    Refused(Refusal),
}

/// An error reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// `org.freedesktop.systemd1.NoSuchUnit`, say.
    pub(super) name: String,
    /// For people.
    pub(super) message: String,
}

impl Reply {
    pub(super) fn of(message: Message) -> Self {
        if message.message_type() != Type::Error {
            return Self::Answer(message);
        }
        let name = message.header().error_name().map(ToString::to_string).unwrap_or_default();
        let text = message.body().deserialize::<String>().unwrap_or_else(|_| name.clone());
        Self::Refused(Refusal { name, message: text })
    }

    /// The answer, where only that will do.
    pub(super) fn answer(self, what: &str) -> Result<Message, ManagerError> {
        match self {
            Self::Answer(message) => Ok(message),
            Self::Refused(refusal) => Err(refusal.into_error(what)),
        }
    }
}

impl Refusal {
    /// Is it the bus that says that nobody is there? The manager is never its child, so when it has
    /// tried to start one there is none.
    pub(super) fn no_manager(&self) -> bool {
        self.name.starts_with("org.freedesktop.DBus.Error.Spawn.")
            || matches!(
                self.name.as_str(),
                "org.freedesktop.DBus.Error.ServiceUnknown"
                    | "org.freedesktop.DBus.Error.NameHasNoOwner"
                    | "org.freedesktop.DBus.Error.NoReply"
                    | "org.freedesktop.DBus.Error.Disconnected"
            )
    }

    pub(super) fn no_such_unit(&self) -> bool {
        self.name == "org.freedesktop.systemd1.NoSuchUnit"
    }

    pub(super) fn into_error(self, what: &str) -> ManagerError {
        if self.no_manager() {
            ManagerError::unreachable(self.message)
        } else {
            ManagerError::refused(what, self.message)
        }
    }

    /// What it means for the job that was asked for.
    pub(super) fn into_outcome(self) -> JobOutcome {
        if self.no_such_unit() { JobOutcome::NoSuchUnit(self.message) } else { JobOutcome::Invalid(self.message) }
    }
}

/// The value of a property, from the reply to a `Get`.
pub(super) fn property<T>(answer: &Message) -> Result<T, zbus::Error>
where
    T: TryFrom<OwnedVariant>,
    T::Error: Into<zbus::Error>,
{
    let body = answer.body();
    let value: Variant<'_> = body.deserialize()?;
    T::try_from(OwnedVariant::try_from(value)?).map_err(Into::into)
}

#[cfg(test)]
mod tests {
    use super::Refusal;
    use crate::{JobOutcome, ManagerError};

    fn refusal(name: &str) -> Refusal {
        Refusal { name: name.to_owned(), message: "words".to_owned() }
    }

    #[test]
    fn an_error_of_the_bus_is_not_one_of_the_manager() {
        let gone = refusal("org.freedesktop.DBus.Error.NoReply").into_error("list units");
        assert_eq!(gone, ManagerError::Unreachable { why: "words".to_owned() });
        let no = refusal("org.freedesktop.DBus.Error.AccessDenied").into_error("list units");
        assert_eq!(no, ManagerError::Refused { what: "list units".to_owned(), message: "words".to_owned() });
    }

    #[test]
    fn a_unit_that_is_not_there_is_told_from_one_that_cannot_be_started() {
        let missing = refusal("org.freedesktop.systemd1.NoSuchUnit").into_outcome();
        assert_eq!(missing, JobOutcome::NoSuchUnit("words".to_owned()));
        let masked = refusal("org.freedesktop.systemd1.UnitMasked").into_outcome();
        assert_eq!(masked, JobOutcome::Invalid("words".to_owned()));
    }
}
