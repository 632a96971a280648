//! The messages that are sent.

use serde::Serialize;
use zbus::Message;
use zbus::message::Flags;
use zbus::zvariant::DynamicType;

use crate::{ManagerError, UnitName, object_path};

pub(super) const MANAGER: &str = "org.freedesktop.systemd1.Manager";
pub(super) const UNIT: &str = "org.freedesktop.systemd1.Unit";
pub(super) const SERVICE: &str = "org.freedesktop.systemd1.Service";
const SYSTEMD: &str = "org.freedesktop.systemd1";
const SYSTEMD_PATH: &str = "/org/freedesktop/systemd1";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";

/// The signals by which the end of jobs, and of the manager, shows.
pub(super) const SIGNALS: [&str; 2] = [
    "type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/systemd1',\
     interface='org.freedesktop.systemd1.Manager',member='JobRemoved'",
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',\
     member='NameOwnerChanged',arg0='org.freedesktop.systemd1'",
];

/// A message that could not be built is a bug, but none to panic for.
pub(super) type Built = Result<Message, ManagerError>;

/// A method of the manager.
pub(super) fn manager<B: Serialize + DynamicType>(method: &'static str, body: &B) -> Built {
    call(SYSTEMD, SYSTEMD_PATH, MANAGER, method, Flags::empty(), body)
}

/// The manager's version, which is the first that is asked for.
///
/// Alone it lets the bus wait for the manager: right after a boot our own connection may be what
/// starts the bus, and the manager comes to it a moment later.
pub(super) fn version() -> Built {
    build(SYSTEMD, SYSTEMD_PATH, PROPERTIES, "Get", Flags::empty(), &(MANAGER, "Version"))
}

/// One property of a unit.
pub(super) fn property(unit: &UnitName, interface: &str, name: &str) -> Built {
    call(SYSTEMD, &object_path::of_unit(unit), PROPERTIES, "Get", Flags::empty(), &(interface, name))
}

/// All properties that an interface of a unit has.
pub(super) fn properties(unit: &UnitName, interface: &str) -> Built {
    call(SYSTEMD, &object_path::of_unit(unit), PROPERTIES, "GetAll", Flags::empty(), &(interface,))
}

/// The bus shall pass on a signal.
pub(super) fn add_match(rule: &str) -> Built {
    call(BUS, BUS_PATH, BUS, "AddMatch", Flags::empty(), &(rule,))
}

/// The bus shall no longer pass on a signal; nobody waits for the answer.
pub(super) fn remove_match(rule: &str) -> Built {
    call(BUS, BUS_PATH, BUS, "RemoveMatch", Flags::NO_REPLY_EXPECTED, &(rule,))
}

/// The manager shall send signals no longer; nobody waits for the answer.
pub(super) fn unsubscribe() -> Built {
    call(SYSTEMD, SYSTEMD_PATH, MANAGER, "Unsubscribe", Flags::NO_REPLY_EXPECTED, &())
}

/// A call to one who is there: the bus shall not wait for somebody who has gone.
fn call<B: Serialize + DynamicType>(
    destination: &'static str,
    path: &str,
    interface: &'static str,
    method: &'static str,
    flags: Flags,
    body: &B,
) -> Built {
    build(destination, path, interface, method, flags | Flags::NO_AUTO_START, body)
}

fn build<B: Serialize + DynamicType>(
    destination: &'static str,
    path: &str,
    interface: &'static str,
    method: &'static str,
    flags: Flags,
    body: &B,
) -> Built {
    let message =
        Message::method_call(path, method).destination(destination).interface(interface).with_flags(flags).build(body);
    message.map_err(|error| ManagerError::refused(format!("take the call {method}"), error))
}
