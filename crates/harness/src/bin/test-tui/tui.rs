use crate::composer::Composer;
use crate::keyboard::Key;
use crate::options::Options;
use crate::screen::{Block, Size};
use crate::wrap::{truncate, wrap};
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The state of the program: its contents on the screen and the effect of keys.
#[derive(Debug)]
pub(crate) struct Tui {
    options: Options,
    log: SubmissionLog,
    composer: Composer,
    loading: FileGate,
    dialog: FileGate,
    busy: FileGate,
    enter: FileGate,
    /// The keys from the Enter on that it has not acted on yet.
    held_keys: Vec<Key>,
    /// The messages that are shown and not logged yet.
    held: Vec<String>,
    /// Whether the next Enter is ignored.
    swallow_next: bool,
    queue: Vec<String>,
    transcript: Vec<String>,
    /// The number of transcript messages that are on the screen.
    drawn: usize,
    ended: bool,
}

const GLYPHS: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const DIALOG: [&str; 3] = [" Do you want to proceed?", " ❯ 1. Yes", "   2. No"];
const LOADING: &str = " loading…";

impl Tui {
    pub(crate) fn new(options: Options, log: SubmissionLog) -> Self {
        let mut composer = Composer::default();
        composer.insert(&options.draft);
        Self {
            log,
            swallow_next: options.changes_first_enter() && !composer.is_empty(),
            composer,
            loading: FileGate::new(options.no_composer_until.clone()),
            dialog: FileGate::new(options.dialog_until.clone()),
            busy: FileGate::new(options.busy_until.clone()),
            enter: FileGate::new(options.enter_until.clone()),
            held_keys: Vec::new(),
            held: Vec::new(),
            options,
            queue: Vec::new(),
            transcript: Vec::new(),
            drawn: 0,
            ended: false,
        }
    }

    /// Checks whether the awaited files exist, and processes the queue once the program is no longer busy.
    pub(crate) fn poll(&mut self) {
        for gate in [&mut self.loading, &mut self.dialog, &mut self.busy, &mut self.enter] {
            gate.poll();
        }
        if self.busy.is_open() {
            for message in std::mem::take(&mut self.queue) {
                self.receive(message);
            }
            for message in std::mem::take(&mut self.held) {
                self.log.write(&message);
            }
        }
        if self.enter.is_open() {
            let keys = std::mem::take(&mut self.held_keys);
            self.handle_keys(keys);
        }
    }

    /// Whether an awaited file does not exist yet.
    pub(crate) fn is_waiting(&self) -> bool {
        [&self.loading, &self.dialog, &self.busy, &self.enter].into_iter().any(|gate| !gate.is_open())
    }

    pub(crate) fn is_loading(&self) -> bool {
        !self.loading.is_open()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn handle_keys(&mut self, keys: impl IntoIterator<Item = Key>) {
        for key in keys {
            let is_held = !self.enter.is_open() && (key == Key::Enter || !self.held_keys.is_empty());
            if is_held {
                self.held_keys.push(key);
            } else if self.dialog.is_open() {
                self.edit(key);
            } else {
                self.log.write(&key.to_json());
            }
        }
    }

    fn edit(&mut self, key: Key) {
        let was_empty = self.composer.is_empty();
        match key {
            Key::Character(character) => self.composer.insert(character.encode_utf8(&mut [0; 4])),
            Key::LineFeed => self.composer.insert("\n"),
            Key::Paste(text) => self.composer.paste(text),
            Key::Backspace => self.composer.backspace(),
            Key::Enter => self.submit(),
            Key::Control('c') => self.composer.clear(),
            Key::Control('u') => self.composer.clear_line(),
            Key::Control('d') => self.ended |= was_empty,
            Key::Control(_) | Key::Escape | Key::Sequence(_) => {}
        }
        if self.composer.is_empty() != was_empty {
            self.swallow_next = self.options.changes_first_enter() && was_empty;
        }
    }

    fn submit(&mut self) {
        if self.composer.is_empty() {
            if self.options.enter_until.is_some() {
                self.log.write(&Key::Enter.to_json());
            }
            return;
        }
        if std::mem::take(&mut self.swallow_next) {
            if self.options.break_at_first_enter {
                self.composer.insert("\n");
            }
            return;
        }
        if self.busy.is_open() {
            let message = self.composer.take();
            self.receive(message);
        } else if self.options.hold_while_busy {
            let message = self.composer.take();
            self.held.push(message.clone());
            self.transcript.push(message);
        } else if self.options.queue_while_busy {
            self.queue.push(self.composer.take());
        }
    }

    fn receive(&mut self, message: String) {
        self.log.write(&message);
        self.transcript.push(message);
    }

    /// The lines of the messages that are not on the screen yet.
    pub(crate) fn new_lines(&mut self, size: Size) -> Vec<String> {
        let new = &self.transcript[self.drawn..];
        self.drawn = self.transcript.len();
        let lines = new.iter().flat_map(|message| wrap(message, size.columns.saturating_sub(1)));
        lines.map(|line| format!(" {line}")).collect()
    }

    /// Marks every message as not drawn.
    pub(crate) fn invalidate(&mut self) {
        self.drawn = 0;
    }

    /// The block at the bottom of the screen.
    pub(crate) fn block(&self, glyph: Option<usize>, size: Size) -> Block {
        if self.is_loading() {
            return Block::from_lines(vec![LOADING.to_owned()]);
        }
        let mut above: Vec<String> = self.queue.iter().map(|message| steering(message, size)).collect();
        // With `busy_until`, the spinner disappears when the program is no longer busy.
        let spins = self.options.busy_until.is_none() || !self.busy.is_open();
        above.extend(glyph.filter(|_| spins).map(|glyph| format!(" {} Working...", GLYPHS[glyph % GLYPHS.len()])));
        if !self.dialog.is_open() {
            above.extend(DIALOG.map(str::to_owned));
            return Block::from_lines(above);
        }
        Block::with_composer(above, &self.composer.displayed(), size)
    }
}

fn steering(message: &str, size: Size) -> String {
    let first = message.lines().next().unwrap_or_default();
    truncate(&format!(" Steering: {first}"), size.columns)
}

/// A condition that holds until a file exists. Once it has ended, it does not come back.
#[derive(Debug)]
pub(crate) struct FileGate(Option<PathBuf>);

impl FileGate {
    /// Creates a gate that opens when the file exists; without a file it is open.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self(file)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.is_none()
    }

    /// Opens the gate if the file exists.
    pub(crate) fn poll(&mut self) {
        self.0.take_if(|file| file.exists());
    }
}

/// The log that a test reads: one line of JSON per entry.
#[derive(Debug)]
pub(crate) struct SubmissionLog(File);

impl SubmissionLog {
    pub(crate) fn open(path: &Path) -> Self {
        let opened = File::options().append(true).create(true).open(path);
        Self(opened.unwrap_or_else(|error| panic!("open {}: {error}", path.display())))
    }

    /// Appends an entry with a single write, so that a reader never sees a part of a line.
    pub(crate) fn write(&mut self, entry: &impl Serialize) {
        let mut line = serde_json::to_vec(entry).expect("an entry is JSON");
        line.push(b'\n');
        self.0.write_all(&line).expect("write the log");
    }
}
