//! The D-Bus messages: building requests and reading replies.

use std::fmt::Write as _;

use serde::Serialize;
use zbus::Message;
use zbus::message::{Flags, Type};
use zbus::zvariant::DynamicType;
use zbus::{OwnedVariant, Variant};

use crate::{JobOutcome, ManagerError, UnitName};

pub(super) const MANAGER: &str = "org.freedesktop.systemd1.Manager";
pub(super) const UNIT: &str = "org.freedesktop.systemd1.Unit";
pub(super) const SERVICE: &str = "org.freedesktop.systemd1.Service";
const SYSTEMD: &str = "org.freedesktop.systemd1";
const SYSTEMD_PATH: &str = "/org/freedesktop/systemd1";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";

/// The match rules of the signals that announce the end of a job, and the exit of the manager.
pub(super) const SIGNALS: [&str; 2] = [
    "type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/systemd1',\
     interface='org.freedesktop.systemd1.Manager',member='JobRemoved'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.systemd1'",
];

/// A request. Failing to build one is a bug, which is reported as an error instead of a panic.
pub(super) type BuildResult = Result<Message, ManagerError>;

/// Calls a method of the manager.
pub(super) fn manager_call<B: Serialize + DynamicType>(method: &'static str, body: &B) -> BuildResult {
    call(SYSTEMD, SYSTEMD_PATH, MANAGER, method, Flags::empty(), body)
}

/// Gets the manager's version: the first request on a connection.
///
/// Only this request lets the bus start and wait for the manager: right after a boot our own connection may
/// be what starts the bus, and the manager connects to it a moment later.
pub(super) fn get_version() -> BuildResult {
    build(SYSTEMD, SYSTEMD_PATH, PROPERTIES, "Get", Flags::empty(), &(MANAGER, "Version"))
}

/// Gets one property of a unit.
pub(super) fn get_property(unit: &UnitName, interface: &str, name: &str) -> BuildResult {
    call(SYSTEMD, &unit_object_path(unit), PROPERTIES, "Get", Flags::empty(), &(interface, name))
}

/// Gets all properties that a unit has in one interface.
pub(super) fn get_all_properties(unit: &UnitName, interface: &str) -> BuildResult {
    call(SYSTEMD, &unit_object_path(unit), PROPERTIES, "GetAll", Flags::empty(), &(interface,))
}

/// Subscribes to a signal.
pub(super) fn add_match(rule: &str) -> BuildResult {
    call(BUS, BUS_PATH, BUS, "AddMatch", Flags::empty(), &(rule,))
}

/// Unsubscribes from a signal, without a reply.
pub(super) fn remove_match(rule: &str) -> BuildResult {
    call(BUS, BUS_PATH, BUS, "RemoveMatch", Flags::NO_REPLY_EXPECTED, &(rule,))
}

/// Tells the manager to stop sending signals, without a reply.
pub(super) fn unsubscribe() -> BuildResult {
    call(SYSTEMD, SYSTEMD_PATH, MANAGER, "Unsubscribe", Flags::NO_REPLY_EXPECTED, &())
}

/// Builds a call that does not make the bus start, and wait for, a destination that has exited.
fn call<B: Serialize + DynamicType>(
    destination: &'static str,
    path: &str,
    interface: &'static str,
    method: &'static str,
    flags: Flags,
    body: &B,
) -> BuildResult {
    build(destination, path, interface, method, flags | Flags::NO_AUTO_START, body)
}

fn build<B: Serialize + DynamicType>(
    destination: &'static str,
    path: &str,
    interface: &'static str,
    method: &'static str,
    flags: Flags,
    body: &B,
) -> BuildResult {
    let message =
        Message::method_call(path, method).destination(destination).interface(interface).with_flags(flags).build(body);
    message.map_err(|error| ManagerError::refused(format!("accept the call {method}"), error))
}

/// A reply to a request.
#[derive(Debug)]
pub(super) enum Reply {
    /// A method return.
    Answer(Message),
    /// An error reply.
    Error(ErrorReply),
}

/// An error reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ErrorReply {
    /// The error name, such as `org.freedesktop.systemd1.NoSuchUnit`.
    pub(super) name: String,
    /// The message for people.
    pub(super) text: String,
}

impl Reply {
    pub(super) fn from_message(message: Message) -> Self {
        if message.message_type() != Type::Error {
            return Self::Answer(message);
        }
        let name = message.header().error_name().map(ToString::to_string).unwrap_or_default();
        let text = message.body().deserialize::<String>().unwrap_or_else(|_| name.clone());
        Self::Error(ErrorReply { name, text })
    }

    /// The method return; an error reply becomes a [`ManagerError`].
    pub(super) fn answer(self, what: &str) -> Result<Message, ManagerError> {
        match self {
            Self::Answer(message) => Ok(message),
            Self::Error(error_reply) => Err(error_reply.into_error(what)),
        }
    }
}

impl ErrorReply {
    /// Whether the bus reports that the manager is not connected to it. The bus never starts the manager, so a
    /// failed attempt to do so means the same.
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
        if self.no_manager() { ManagerError::unreachable(self.text) } else { ManagerError::refused(what, self.text) }
    }

    /// The outcome of a job that the manager did not queue.
    pub(super) fn into_outcome(self) -> JobOutcome {
        if self.no_such_unit() { JobOutcome::NoSuchUnit(self.text) } else { JobOutcome::Invalid(self.text) }
    }
}

/// Reads the value of a property from the reply to a `Get`.
pub(super) fn property_value<T>(answer: &Message) -> Result<T, zbus::Error>
where
    T: TryFrom<OwnedVariant>,
    T::Error: Into<zbus::Error>,
{
    let body = answer.body();
    let value: Variant<'_> = body.deserialize()?;
    T::try_from(OwnedVariant::try_from(value)?).map_err(Into::into)
}

/// The object path of a unit. The manager loads a unit when its path is used, so `LoadUnit` is not needed
/// first.
fn unit_object_path(unit: &UnitName) -> String {
    let mut path = "/org/freedesktop/systemd1/unit/".to_owned();
    for (position, byte) in unit.as_str().bytes().enumerate() {
        if byte.is_ascii_alphabetic() || (byte.is_ascii_digit() && position > 0) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "_{byte:02x}");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{ErrorReply, unit_object_path};
    use crate::{JobOutcome, ManagerError};

    fn error_reply(name: &str) -> ErrorReply {
        ErrorReply { name: name.to_owned(), text: "words".to_owned() }
    }

    #[test]
    fn errors_of_the_bus_mean_that_the_manager_is_unreachable() {
        let gone = error_reply("org.freedesktop.DBus.Error.NoReply").into_error("list units");
        assert_eq!(gone, ManagerError::Unreachable { why: "words".to_owned() });
        let no = error_reply("org.freedesktop.DBus.Error.AccessDenied").into_error("list units");
        assert_eq!(no, ManagerError::Refused { what: "list units".to_owned(), message: "words".to_owned() });
    }

    #[test]
    fn a_missing_unit_and_a_masked_unit_have_different_outcomes() {
        let missing = error_reply("org.freedesktop.systemd1.NoSuchUnit").into_outcome();
        assert_eq!(missing, JobOutcome::NoSuchUnit("words".to_owned()));
        let masked = error_reply("org.freedesktop.systemd1.UnitMasked").into_outcome();
        assert_eq!(masked, JobOutcome::Invalid("words".to_owned()));
    }

    #[test]
    fn object_paths_escape_special_characters_and_a_leading_digit() {
        let table =
            [("mosaic-agent@a_0.service", "mosaic_2dagent_40a_5f0_2eservice"), ("0a.service", "_30a_2eservice")];
        for (unit, path) in table {
            let expected = format!("/org/freedesktop/systemd1/unit/{path}");
            assert_eq!(unit_object_path(&unit.parse().unwrap()), expected);
        }
    }
}
