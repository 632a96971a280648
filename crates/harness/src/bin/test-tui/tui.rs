use crate::block::Block;
use crate::composer::Composer;
use crate::gate::Gate;
use crate::key::Key;
use crate::options::Options;
use crate::size::Size;
use crate::submission_log::SubmissionLog;
use crate::wrap::{truncate, wrap};

/// What the program is at: what it shows, and what a key does.
#[derive(Debug)]
pub(crate) struct Tui {
    options: Options,
    log: SubmissionLog,
    composer: Composer,
    loading: Gate,
    dialog: Gate,
    busy: Gate,
    /// The next Enter is one that gets lost.
    swallow_next: bool,
    queue: Vec<String>,
    transcript: Vec<String>,
    /// How many messages of the transcript are on the screen.
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
            swallow_next: options.swallow_first_enter && !composer.is_empty(),
            composer,
            loading: Gate::new(options.no_composer_until.clone()),
            dialog: Gate::new(options.dialog_until.clone()),
            busy: Gate::new(options.busy_until.clone()),
            options,
            queue: Vec::new(),
            transcript: Vec::new(),
            drawn: 0,
            ended: false,
        }
    }

    /// Looks for the files that it waits for.
    pub(crate) fn look(&mut self) {
        for gate in [&mut self.loading, &mut self.dialog, &mut self.busy] {
            gate.look();
        }
        if self.busy.is_open() {
            for message in std::mem::take(&mut self.queue) {
                self.receive(message);
            }
        }
    }

    /// Whether there is a file to look for.
    pub(crate) fn is_waiting(&self) -> bool {
        [&self.loading, &self.dialog, &self.busy].into_iter().any(|gate| !gate.is_open())
    }

    pub(crate) fn is_loading(&self) -> bool {
        !self.loading.is_open()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn obey(&mut self, keys: impl IntoIterator<Item = Key>) {
        for key in keys {
            if self.dialog.is_open() {
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
            Key::Control('d') => self.ended |= was_empty,
            Key::Control(_) | Key::Escape | Key::Sequence(_) => {}
        }
        if self.composer.is_empty() != was_empty {
            self.swallow_next = self.options.swallow_first_enter && was_empty;
        }
    }

    fn submit(&mut self) {
        if self.composer.is_empty() || std::mem::take(&mut self.swallow_next) {
            return;
        }
        if self.busy.is_open() {
            let message = self.composer.take();
            self.receive(message);
        } else if self.options.queue_while_busy {
            self.queue.push(self.composer.take());
        }
    }

    fn receive(&mut self, message: String) {
        self.log.write(&message);
        self.transcript.push(message);
    }

    /// The lines of what was said and is not on the screen yet.
    pub(crate) fn new_lines(&mut self, size: Size) -> Vec<String> {
        let new = &self.transcript[self.drawn..];
        self.drawn = self.transcript.len();
        let lines = new.iter().flat_map(|message| wrap(message, size.columns.saturating_sub(1)));
        lines.map(|line| format!(" {line}")).collect()
    }

    /// Nothing of what was said is on the screen any more.
    pub(crate) fn forget_drawn(&mut self) {
        self.drawn = 0;
    }

    /// What is at the bottom of the screen.
    pub(crate) fn block(&self, glyph: Option<usize>, size: Size) -> Block {
        if self.is_loading() {
            return Block::of(vec![LOADING.to_owned()]);
        }
        let mut above: Vec<String> = self.queue.iter().map(|message| steering(message, size)).collect();
        // One that has something to be busy with shows when it no longer is.
        let works = self.options.busy_until.is_none() || !self.busy.is_open();
        above.extend(glyph.filter(|_| works).map(|glyph| format!(" {} Working...", GLYPHS[glyph % GLYPHS.len()])));
        if !self.dialog.is_open() {
            above.extend(DIALOG.map(str::to_owned));
            return Block::of(above);
        }
        Block::with_composer(above, &self.composer.shown(), size)
    }
}

fn steering(message: &str, size: Size) -> String {
    let first = message.lines().next().unwrap_or_default();
    truncate(&format!(" Steering: {first}"), size.columns)
}
