//! Texts that an ended or interrupted sender left in a composer: how they are found, submitted and removed.

use std::time::Instant;

use mosaic_runtimes::ComposerForm;

use crate::protocol::{DeliveryAttempt, DeliveryOptions, LeftText, PaneCapture};
use crate::service::typed_beginning;
use crate::spool::{AgentLock, Entry, RecordWriter, State};
use crate::waiting::orphan_outcome;
use crate::{DeliveryError, DeliveryService, Outcome, PaneDriver, Recipient, UnconfirmedReason};

/// How many of the latest messages can be in the composer again. Programs put several queued ones back.
const TAKEN_BACK_COUNT: usize = 5;

impl DeliveryService<'_> {
    /// Returns the message whose text may still be in the composer of an agent, as the outbox has it.
    ///
    /// # Errors
    /// The outbox or `/proc` cannot be read.
    pub(crate) fn left_text(&self, to: &Recipient) -> Result<Option<(Entry, LeftText)>, DeliveryError> {
        let Some(entry) = self.outbox.typed(&to.name)? else { return Ok(None) };
        let is_left = entry.record.state == State::Unconfirmed || orphan_outcome(&entry.record)?.is_some();
        let record = &entry.record;
        let left = LeftText {
            id: record.id.clone(),
            source: record.source.clone(),
            text: record.text.as_str().to_owned(),
            preamble: typed_beginning(to, record).to_owned(),
            is_entered: record.entered,
        };
        Ok(is_left.then_some((entry, left)))
    }

    /// Returns the message that an agent's composer shows although its delivery has ended.
    ///
    /// # Errors
    /// The outbox or `/proc` cannot be read.
    pub fn shown_left_text(&self, to: &Recipient) -> Result<Option<LeftText>, DeliveryError> {
        let Some((_, left)) = self.left_text(to)? else { return Ok(None) };
        let Ok((pane, process)) = self.find_pane(to) else { return Ok(None) };
        let Ok(captured) = self.server.pane_input(pane.id, 0).capture(std::time::Duration::ZERO) else {
            return Ok(None);
        };
        let capture = PaneCapture::new(captured.as_ref(), process);
        let options = DeliveryOptions::default();
        let shown =
            DeliveryAttempt::resume(&to.profile, (&left.preamble, &left.text), options, &capture, Instant::now());
        Ok(shown.is_some().then_some(left))
    }

    /// Submits the text of an earlier message, if the composer shows it and nothing else, and stores the outcome. The
    /// caller holds the agent's lock.
    pub(crate) fn submit_left(
        &self,
        to: &Recipient,
        driver: &PaneDriver<'_>,
        entry: &mut Entry,
    ) -> Result<Option<Outcome>, DeliveryError> {
        let (text, id) = (entry.record.text.as_str().to_owned(), entry.record.id.clone());
        let typed = typed_beginning(to, &entry.record).to_owned();
        let is_reported = || self.is_reported(to, &id);
        let driver = PaneDriver { typed: &typed, is_reported: &is_reported, ..*driver };
        let mut writer = RecordWriter::new(entry);
        let Some(outcome) = driver.submit(&text, &mut writer)? else { return Ok(None) };
        writer.settle(&outcome)?;
        Ok(Some(outcome))
    }

    /// Removes the text of an earlier message that the agent had accepted or queued, if the composer shows it again and nothing
    /// else: programs put it back when a person interrupts the turn before the first answer. The message is settled as
    /// unconfirmed. The caller holds the agent's lock.
    ///
    /// # Errors
    /// The outcome cannot be stored.
    pub(crate) fn clear_taken_back(&self, to: &Recipient, driver: &PaneDriver<'_>) -> Result<bool, DeliveryError> {
        // A person gets an earlier line of a shell back with a key.
        if matches!(to.profile.composer, ComposerForm::Line { .. }) {
            return Ok(false);
        }
        for mut entry in self.outbox.latest(&to.name, TAKEN_BACK_COUNT)? {
            if !matches!(entry.record.state, State::Accepted | State::Queued) {
                continue;
            }
            let typed = typed_beginning(to, &entry.record).to_owned();
            let driver = PaneDriver { typed: &typed, ..*driver };
            match driver.clear(entry.record.text.as_str()) {
                None => {}
                Some(false) => return Ok(false),
                Some(true) => {
                    let outcome = Outcome::Unconfirmed(UnconfirmedReason::TakenBack);
                    entry.record.settle(&outcome, jiff::Timestamp::now());
                    self.outbox.store(&entry)?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Submits the text of this message if it was left in the composer. `None` if it was not.
    ///
    /// # Errors
    /// The outcome cannot be stored.
    pub(crate) fn retry_left(
        &self,
        _lock: &AgentLock,
        to: &Recipient,
        entry: &Entry,
        options: DeliveryOptions,
    ) -> Result<Option<Entry>, DeliveryError> {
        let Some((mut left, _)) = self.left_text(to)?.filter(|(left, _)| left.record.id == entry.record.id) else {
            return Ok(None);
        };
        let Ok((pane, process)) = self.find_pane(to) else { return Ok(None) };
        let driver = self.driver(to, &pane, process, options);
        Ok(self.submit_left(to, &driver, &mut left)?.map(|_| left))
    }

    /// Removes the text of this message from the composer if it was left there, and cancels the message. `None` if it was
    /// not left there, or the program did not remove it.
    ///
    /// # Errors
    /// The outcome cannot be stored.
    pub(crate) fn clear_left(
        &self,
        _lock: &AgentLock,
        to: &Recipient,
        entry: &Entry,
    ) -> Result<Option<Entry>, DeliveryError> {
        let Some((mut left, _)) = self.left_text(to)?.filter(|(left, _)| left.record.id == entry.record.id) else {
            return Ok(None);
        };
        let Ok((pane, process)) = self.find_pane(to) else { return Ok(None) };
        let typed = typed_beginning(to, &left.record).to_owned();
        let driver = PaneDriver { typed: &typed, ..self.driver(to, &pane, process, DeliveryOptions::default()) };
        if driver.clear(left.record.text.as_str()) != Some(true) {
            return Ok(None);
        }
        left.record.set_state(State::Cancelled, jiff::Timestamp::now());
        self.outbox.store(&left)?;
        left.unmark_typed()?;
        Ok(Some(left))
    }
}
