//! Observes the fleet on request.
//!
//! A thread makes one observation at a time and shares it with all requests that arrive meanwhile or within a second.
//! For clients that scrape at regular intervals, it makes an observation shortly before each scrape. Without
//! requests, there are no observations.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mosaic_delivery::spool::{MessageCounter, MessageCounts};
use mosaic_page::History;
use mosaic_probe::snapshot::SourceName;
use mosaic_probe::{BadVariable, Depth, FleetLocation, Observer, Scope, Snapshot, Target};
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout_at};

use crate::instruments::Instruments;
use crate::scrape_schedule::ScrapeSchedule;

/// The fleet to observe.
#[derive(Clone, Debug)]
pub(crate) struct FleetTarget {
    location: FleetLocation,
    disabled_sources: BTreeSet<SourceName>,
}

impl FleetTarget {
    /// Creates the fleet and checks the environment, so that a wrong variable is reported at the start and not at the
    /// first scrape.
    ///
    /// # Errors
    /// An environment variable has an invalid value.
    pub(crate) fn new(location: FleetLocation, disabled_sources: BTreeSet<SourceName>) -> Result<Self, BadVariable> {
        location.target(variable)?;
        Ok(Self { location, disabled_sources })
    }

    /// The target of an observation in which each source may take `limit`.
    fn target(&self, limit: Duration) -> Result<Arc<Target>, BadVariable> {
        let target = self.location.target(variable)?;
        Ok(Arc::new(Target {
            limit: limit.min(Target::LIMIT),
            disabled_sources: self.disabled_sources.clone(),
            ..target
        }))
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// One observation.
#[derive(Debug)]
pub(crate) struct Observation {
    /// The snapshot of the fleet.
    pub(crate) snapshot: Snapshot,
    /// Whether the fleet passes `mosaic fleet verify`.
    pub(crate) verified: bool,
    /// The messages to each agent whose messages could be read.
    pub(crate) messages: BTreeMap<String, MessageCounts>,
    /// The start of the observation, as the time since boot including suspends.
    pub(crate) started: Duration,
}

/// No observation ended in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ObservationTimeout;

/// A request for an observation.
#[derive(Clone, Copy, Debug)]
struct ObservationRequest {
    /// When the request was made. An observation that ends later satisfies it.
    since: Instant,
    /// How long each source may take.
    limit: Duration,
}

/// The latest observation; `None` before the first.
type Latest = Option<Arc<Observation>>;

/// Provides the latest observation to all requests.
#[derive(Debug)]
pub(crate) struct Observations {
    requests: SyncSender<ObservationRequest>,
    latest: watch::Receiver<Latest>,
    history: Arc<Mutex<History>>,
    schedule: Mutex<ScrapeSchedule>,
}

impl Observations {
    /// The age up to which an observation is reused.
    const MAX_AGE: Duration = Duration::from_secs(1);
    /// The least time for each source, even if a request has less, because all requests share the observation.
    const MIN_LIMIT: Duration = Duration::from_millis(500);
    /// How long before a predicted scrape its observation starts.
    const LEAD: Duration = Duration::from_millis(500);
    /// The capacity of the queue of requests. Requests that find it full share the next observation.
    const QUEUE_LENGTH: usize = 4;

    /// Starts the observer thread, which makes no observation yet.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(crate) fn new(fleet: FleetTarget, instruments: Arc<Instruments>) -> io::Result<Self> {
        let (requests, queue) = sync_channel(Self::QUEUE_LENGTH);
        let (publisher, latest) = watch::channel(None);
        let history = Arc::new(Mutex::new(History::default()));
        let observer = ObserverThread { fleet, instruments, history: Arc::clone(&history), publisher };
        thread::Builder::new().name("observer".to_owned()).spawn(move || observer.run(&queue))?;
        Ok(Self { requests, latest, history, schedule: Mutex::default() })
    }

    /// Returns an observation that is at most a second old.
    ///
    /// # Errors
    /// The observation takes longer than `time_limit`.
    pub(crate) async fn latest(&self, time_limit: Duration) -> Result<Arc<Observation>, ObservationTimeout> {
        let now = Instant::now();
        let mut latest = self.latest.clone();
        if let Some(observation) = latest.borrow_and_update().as_ref()
            && age(observation) < Self::MAX_AGE
        {
            return Ok(Arc::clone(observation));
        }
        // The request counts from now: an observation that ended after `now` was taken is too old.
        let _ =
            self.requests.try_send(ObservationRequest { since: Instant::now(), limit: Self::source_limit(time_limit) });
        let deadline = now + time_limit;
        match timeout_at(deadline.into(), latest.changed()).await {
            Ok(Ok(())) => latest.borrow().clone().ok_or(ObservationTimeout),
            Ok(Err(_)) | Err(_) => Err(ObservationTimeout),
        }
    }

    /// Records a scrape. If the next one can be predicted, an observation is scheduled for it. If the client does not
    /// come back, that observation is the last.
    pub(crate) fn expect_next_scrape(&self, now: Instant, time_limit: Duration) {
        let next = self.schedule.lock().unwrap_or_else(PoisonError::into_inner).record(now);
        let Some(start) = next.and_then(|next| next.checked_sub(Self::LEAD)) else { return };
        let (requests, latest) = (self.requests.clone(), self.latest.clone());
        let limit = Self::source_limit(time_limit);
        tokio::spawn(async move {
            sleep_until(start.into()).await;
            // The observation for another scraper may still be recent enough when this one comes.
            let is_recent = latest.borrow().as_ref().is_some_and(|latest| age(latest) + Self::LEAD < Self::MAX_AGE);
            if !is_recent {
                let _ = requests.try_send(ObservationRequest { since: Instant::now(), limit });
            }
        });
    }

    /// The time for each source, which leaves a part of the time limit for the rest of the work.
    fn source_limit(time_limit: Duration) -> Duration {
        time_limit.mul_f32(0.8).max(Self::MIN_LIMIT)
    }

    /// Whether there was an observation.
    pub(crate) fn is_ready(&self) -> bool {
        self.latest.borrow().is_some()
    }

    /// The history of the last hour.
    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time since the observation began.
fn age(observation: &Observation) -> Duration {
    mosaic_process::since_boot().saturating_sub(observation.started)
}

/// The thread that observes the fleet.
#[derive(Debug)]
struct ObserverThread {
    fleet: FleetTarget,
    instruments: Arc<Instruments>,
    history: Arc<Mutex<History>>,
    publisher: watch::Sender<Latest>,
}

impl ObserverThread {
    /// Makes the requested observations until no more requests can arrive.
    fn run(self, requests: &Receiver<ObservationRequest>) {
        let mut observer = Observer::default();
        let mut messages = MessageCounter::new(&self.fleet.location.home);
        let mut last: Option<Instant> = None;
        while let Ok(request) = requests.recv() {
            // The request was made during the last observation and has its result.
            if last.is_some_and(|ended| ended >= request.since) {
                continue;
            }
            let Some(observation) = self.observe(&mut observer, &mut messages, request.limit) else { continue };
            self.history.lock().unwrap_or_else(PoisonError::into_inner).record(Timestamp::now(), &observation.snapshot);
            // All queued requests get this observation. A client to which it is too old needs room in the queue.
            while requests.try_recv().is_ok() {}
            last = Some(Instant::now());
            self.publisher.send_replace(Some(Arc::new(observation)));
        }
    }

    fn observe(&self, observer: &mut Observer, messages: &mut MessageCounter, limit: Duration) -> Option<Observation> {
        let started = mosaic_process::since_boot();
        let target = self.fleet.target(limit).inspect_err(|error| tracing::error!("cannot observe the fleet: {error}"));
        let look = observer.observe(&target.ok()?, Depth::Verify);
        let look = look.inspect_err(|error| tracing::error!("cannot observe the fleet: {error}")).ok()?;
        let verified = look.passed(&Scope::default());
        let messages = messages.count_all(look.snapshot.managed().map(|agent| agent.name.as_str()));
        self.instruments.record_observation(mosaic_process::since_boot().saturating_sub(started));
        Some(Observation { snapshot: look.snapshot, verified, messages, started })
    }
}

#[cfg(test)]
mod tests {
    use super::Observations;
    use mosaic_page::History;
    use std::sync::mpsc::sync_channel;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};
    use tokio::sync::watch;

    #[test]
    fn a_regular_scrape_causes_one_observation_before_the_next() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (requests, queue) = sync_channel(4);
        let (_publisher, latest) = watch::channel(None);
        let history = Arc::new(Mutex::new(History::default()));
        let observations = Observations { requests, latest, history, schedule: Mutex::default() };
        let interval = Duration::from_secs(2);
        // The next scrape is due slightly later than the lead from now.
        let due = Instant::now() + Observations::LEAD + Duration::from_millis(10);
        let scrapes = [3, 2, 1].map(|before| due.checked_sub(before * interval).unwrap());
        runtime.block_on(async {
            for scrape in scrapes {
                observations.expect_next_scrape(scrape, interval);
                assert!(queue.try_recv().is_err(), "an observation starts too early");
            }
            while queue.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
            drop(observations);
            assert!(queue.recv().is_err(), "a second observation is requested");
        });
    }
}
