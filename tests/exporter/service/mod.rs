//! The exporter as installed: a socket unit that starts it, and a hardened service.

mod installation;
mod installed;
mod socket_activation;
mod unread_sockets;
