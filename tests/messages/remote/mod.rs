//! A message reaches agents on another host through a real ssh and a real sshd, as another user with a fleet of its own.

mod other_host;
mod remote_delivery;
mod remote_refusals;
