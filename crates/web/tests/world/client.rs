//! A client that may say anything.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::answer::Answer;

/// Longer than anything takes that is not hung.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Says as much as the server takes.
    pub(crate) fn try_say(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes.as_ref())
    }

    pub(crate) fn answer(&mut self) -> Answer {
        Answer::read(&mut self.stream, false).unwrap()
    }

    pub(crate) fn try_answer(&mut self) -> io::Result<Answer> {
        Answer::read(&mut self.stream, false)
    }

    /// The answer to a request, given as its lines without `Host`.
    pub(crate) fn ask(&mut self, request: &str) -> Answer {
        let mut lines = request.lines();
        let mut text = format!("{} HTTP/1.1\r\nHost: localhost\r\n", lines.next().unwrap());
        text.extend(lines.flat_map(|line| [line.trim(), "\r\n"]));
        self.say(text + "\r\n");
        Answer::read(&mut self.stream, request.starts_with("HEAD")).unwrap()
    }

    /// One line of what comes.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    /// That the server closes the connection, with nothing said on it before.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }

    /// Everything up to the end, however it comes.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut read = Vec::new();
        let outcome = self.stream.read_to_end(&mut read).map(drop);
        (read, outcome)
    }
}
