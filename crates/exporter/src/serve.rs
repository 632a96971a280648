//! From the flags to an exporter that serves, until it is told to end.

use std::sync::Arc;
use std::time::Duration;

use mosaic_probe::Places;
use mosaic_web::{AllowedHosts, Limits, Listener, Server, Shutdown, WebConfig};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::error::ExporterError;
use crate::flags::Flags;
use crate::observation::{Observations, Subject};
use crate::routes::Routes;
use crate::service_manager;

/// So much is written and compressed at once; a scrape more waits for its turn.
const WRITERS: usize = 4;
/// How long a writer without work is kept.
const WRITER_KEPT: Duration = Duration::from_secs(5);
/// How long the first look may take.
const FIRST_LOOK: Duration = Duration::from_secs(10);

/// Serves.
///
/// # Errors
/// It cannot begin.
pub(crate) fn serve(flags: &Flags) -> Result<(), ExporterError> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(WRITERS)
        .thread_keep_alive(WRITER_KEPT)
        .build()
        .map_err(ExporterError::io("start a runtime"))?;
    runtime.block_on(run(flags))
}

async fn run(flags: &Flags) -> Result<(), ExporterError> {
    use_all_descriptors();
    let mut signals = Signals::listen().map_err(ExporterError::io("listen for signals"))?;
    let here = std::env::current_dir().map_err(ExporterError::io("find the current directory"))?;
    let places = &flags.places;
    let places =
        Places::find(places.roster.as_deref(), places.mosaic_home.as_deref(), |name| std::env::var_os(name), &here)?;
    let subject = Subject::new(places, flags.collectors.sources_off())?;
    let config = flags.web.config.as_deref().map_or_else(|| Ok(WebConfig::none()), WebConfig::load)?;
    let listeners = listeners(flags)?;
    let observations = Arc::new(Observations::of(subject).map_err(ExporterError::io("start a thread"))?);
    let routes = Routes::new(
        Arc::clone(&observations),
        flags.web.telemetry_path.clone(),
        flags.collectors.clone(),
        flags.web.max_requests,
    );
    let (stop, stopped) = watch::channel(Shutdown::default());
    let server = Server::new(listeners, config, Limits::default(), AllowedHosts::new(flags.web.allowed_hosts.clone()));
    let reload = server.reloader();
    let mut serving = tokio::spawn(server.run(Arc::new(routes), stopped));

    let mut watchdog = service_manager::watchdog_interval().map(ticking);
    let first_look = observations.latest(FIRST_LOOK);
    tokio::pin!(first_look);
    let mut is_ready = false;
    loop {
        tokio::select! {
            ended = &mut serving => {
                return ended.unwrap_or_else(|error| Err(error.into())).map_err(ExporterError::io("serve"));
            }
            // A look that took too long is looked at again by whoever asks; the sockets are open anyway.
            _ = &mut first_look, if !is_ready => {
                is_ready = true;
                tracing::info!("ready");
                service_manager::ready();
            }
            asked = signals.next() => match asked {
                Asked::Reload => {
                    service_manager::reloading();
                    reload.reload();
                    if is_ready {
                        service_manager::ready();
                    }
                }
                Asked::End => {
                    let next = match *stop.borrow() {
                        Shutdown::Running => Shutdown::Drain,
                        Shutdown::Drain | Shutdown::Abort => Shutdown::Abort,
                    };
                    tracing::info!(
                        "ending: {}",
                        if next == Shutdown::Drain { "requests are finished first" } else { "at once" }
                    );
                    service_manager::stopping();
                    stop.send_replace(next);
                }
            },
            () = tick(&mut watchdog) => service_manager::alive(),
        }
    }
}

/// An observer keeps two files an agent open, and what is usual is made for programs that keep few. Where
/// more are not allowed, it keeps fewer.
fn use_all_descriptors() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

fn listeners(flags: &Flags) -> Result<Vec<Listener>, ExporterError> {
    let listeners =
        if flags.web.systemd_socket { mosaic_web::inherited() } else { mosaic_web::bind(&flags.web.listen) }?;
    for listener in &listeners {
        tracing::info!(address = %listener, "listening on {listener}");
    }
    Ok(listeners)
}

fn ticking(every: Duration) -> Interval {
    let mut interval = interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}

/// The watchdog's next tick; never without one.
async fn tick(watchdog: &mut Option<Interval>) {
    match watchdog {
        Some(interval) => drop(interval.tick().await),
        None => std::future::pending().await,
    }
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// To read the configuration again.
    Reload,
    /// To end: in order at the first time, at once at the second.
    End,
}

/// The signals that mean something to us.
struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.hangup.recv() => Asked::Reload,
            _ = self.terminate.recv() => Asked::End,
            _ = self.interrupt.recv() => Asked::End,
        }
    }
}
