//! A queue between the log and its output, so that an output that is not read never blocks the exporter.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use prometheus::IntCounter;

/// The number of messages that wait at most. Further ones are dropped and counted.
const CAPACITY: usize = 1024;
/// How long the end of the process waits for the output.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// A message in the queue.
#[derive(Debug)]
enum Entry<M> {
    Message(M),
    /// Everything before it is written: the sender is dropped.
    Flush(#[expect(dead_code, reason = "its end is the message")] SyncSender<()>),
}

/// The sending end. A thread writes what arrives here.
#[derive(Debug)]
pub(crate) struct LogQueue<M> {
    entries: SyncSender<Entry<M>>,
    dropped: IntCounter,
}

impl<M> Clone for LogQueue<M> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), dropped: self.dropped.clone() }
    }
}

impl<M: Send + 'static> LogQueue<M> {
    /// Starts the thread that writes messages. `dropped` counts those that found the queue full; `report` makes a
    /// message of their number once the output is read again.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(crate) fn start(
        dropped: IntCounter,
        mut write: impl FnMut(M) + Send + 'static,
        report: impl Fn(u64) -> M + Send + 'static,
    ) -> io::Result<Self> {
        let (entries, received): (_, Receiver<Entry<M>>) = sync_channel(CAPACITY);
        let counter = dropped.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            let mut reported = 0;
            for entry in received {
                let Entry::Message(message) = entry else { continue };
                write(message);
                let dropped = counter.get();
                if dropped > reported {
                    write(report(dropped - reported));
                    reported = dropped;
                }
            }
        })?;
        Ok(Self { entries, dropped })
    }

    /// Adds a message, or drops it if the queue is full.
    pub(crate) fn send(&self, message: M) {
        if let Err(TrySendError::Full(_)) = self.entries.try_send(Entry::Message(message)) {
            self.dropped.inc();
        }
    }

    /// Waits until everything is written, at most for a second. A process calls this only before it ends.
    pub(crate) fn flush(&self) {
        let (written, wait) = sync_channel(0);
        if self.entries.try_send(Entry::Flush(written)).is_ok() {
            let _ = wait.recv_timeout(FLUSH_TIME);
        }
    }
}

/// A line of the log, which is sent when it is complete.
#[derive(Debug)]
pub(crate) struct QueuedLine {
    queue: LogQueue<Vec<u8>>,
    line: Vec<u8>,
}

impl QueuedLine {
    pub(crate) fn new(queue: LogQueue<Vec<u8>>) -> Self {
        Self { queue, line: Vec::new() }
    }
}

impl Write for QueuedLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for QueuedLine {
    fn drop(&mut self) {
        self.queue.send(std::mem::take(&mut self.line));
    }
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, LogQueue, QueuedLine};
    use prometheus::IntCounter;
    use std::io::Write;
    use std::sync::mpsc::channel;

    fn counter() -> IntCounter {
        IntCounter::new("dropped", "Dropped.").unwrap()
    }

    #[test]
    fn an_output_that_is_not_read_blocks_no_message_and_reports_those_that_were_dropped() {
        let dropped = counter();
        let (output, read) = channel();
        let (open, gate) = channel::<()>();
        let write = move |message| {
            // The first message finds an output that is not read, until the sender is dropped.
            let _ = gate.recv();
            output.send(message).unwrap();
        };
        let queue = LogQueue::start(dropped.clone(), write, |count| format!("{count} dropped")).unwrap();
        let sent = CAPACITY + 12;
        for number in 0..sent {
            queue.send(number.to_string());
        }
        // The thread may have taken one message out of the queue.
        let lost = dropped.get();
        assert!((11..=12).contains(&lost), "{lost}");
        drop(open);
        let first: Vec<String> = read.iter().take(2).collect();
        assert_eq!(first, ["0", &format!("{lost} dropped")]);
        queue.flush();
        let rest: Vec<String> = read.try_iter().collect();
        let expected: Vec<String> = (1..u64::try_from(sent).unwrap() - lost).map(|number| number.to_string()).collect();
        assert_eq!(rest, expected);
    }

    #[test]
    fn a_line_is_sent_as_a_whole() {
        let (output, read) = channel();
        let queue = LogQueue::start(counter(), move |line| output.send(line).unwrap(), |_| Vec::new()).unwrap();
        let mut line = QueuedLine::new(queue.clone());
        line.write_all(b"level=info ").unwrap();
        line.write_all(b"msg=ready\n").unwrap();
        drop(line);
        queue.flush();
        assert_eq!(read.try_iter().collect::<Vec<_>>(), [b"level=info msg=ready\n"]);
    }
}
