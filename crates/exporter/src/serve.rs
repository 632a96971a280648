//! Starts the exporter, and runs it until a signal stops it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use mosaic_domain::NoHome;
use mosaic_probe::{BadVariable, FleetLocation};
use mosaic_process::{Notification, ServiceNotifier};
use mosaic_web::{AllowedHosts, Limits, ListenError, Listener, Server, Shutdown, WebConfig, WebConfigError};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::UnixDatagram;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::flags::Flags;
use crate::instruments::Instruments;
use crate::observations::{FleetTarget, Observations};
use crate::routes::Routes;

/// The number of threads that render and compress documents. Further documents wait.
const RENDER_THREADS: usize = 4;
/// How long an idle render thread is kept.
const RENDER_THREAD_IDLE: Duration = Duration::from_secs(5);
/// The longest interval of watchdog notifications.
const WATCHDOG_INTERVAL: Duration = Duration::from_secs(5);
/// The time limit of the first observation.
const FIRST_OBSERVATION: Duration = Duration::from_secs(10);

/// The reason why the exporter does not start, or stops.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExporterError {
    /// The home of the fleet is unknown.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// An environment variable has an invalid value.
    #[error(transparent)]
    Variable(#[from] BadVariable),
    /// The exporter cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The file of `--web.config.file` is invalid.
    #[error(transparent)]
    Config(#[from] WebConfigError),
    /// The exporter's own metrics are inconsistent.
    #[error("cannot register the exporter's own metrics: {0}")]
    Instruments(#[from] prometheus::Error),
    /// A system call failed.
    #[error("cannot {action}: {source}")]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The error of the kernel.
        source: io::Error,
    },
}

impl ExporterError {
    /// Returns a function that adds the action to an I/O error.
    pub(crate) fn io(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }
}

/// Serves until a signal stops the exporter.
///
/// # Errors
/// The exporter cannot start, or the server fails.
pub(crate) fn serve(flags: &Flags, instruments: Instruments) -> Result<(), ExporterError> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(RENDER_THREADS)
        .thread_keep_alive(RENDER_THREAD_IDLE)
        .build()
        .map_err(ExporterError::io("start the runtime"))?;
    runtime.block_on(run(flags, Arc::new(instruments)))
}

async fn run(flags: &Flags, instruments: Arc<Instruments>) -> Result<(), ExporterError> {
    raise_descriptor_limit();
    let mut signals = Signals::listen().map_err(ExporterError::io("listen for signals"))?;
    let here = std::env::current_dir().map_err(ExporterError::io("find the current directory"))?;
    let paths = &flags.paths;
    let location = FleetLocation::resolve(
        paths.roster.as_deref(),
        paths.mosaic_home.as_deref(),
        |name| std::env::var_os(name),
        &here,
    )?;
    let fleet = FleetTarget::new(location, flags.collectors.disabled_sources())?;
    let config = flags.web.config.as_deref().map_or_else(|| Ok(WebConfig::empty()), WebConfig::load)?;
    let listeners = listeners(flags)?;
    let observations = Observations::new(fleet, Arc::clone(&instruments));
    let observations = Arc::new(observations.map_err(ExporterError::io("start a thread"))?);
    let server = Server::new(listeners, config, Limits::default(), AllowedHosts::new(flags.web.allowed_hosts.clone()));
    let reloader = server.reloader();
    let routes = Routes::new(
        Arc::clone(&observations),
        instruments,
        reloader.clone(),
        flags.web.telemetry_path.clone(),
        flags.collectors.clone(),
        flags.web.max_requests,
    );
    let (stop, stop_requests) = watch::channel(Shutdown::default());
    let mut serving = tokio::spawn(server.run(Arc::new(routes), stop_requests));

    let variable = |name: &str| std::env::var_os(name);
    let mut manager = ServiceNotifier::from_environment(variable).unwrap_or_else(|error| {
        tracing::warn!("cannot notify systemd: {error}");
        ServiceNotifier::default()
    });
    // More often than half the period, as `sd_watchdog_enabled(3)` recommends: a manager that stops to read finds a
    // notification in its queue later only if it came before those of hundreds of agents.
    let watchdog = ServiceNotifier::watchdog_period(variable).map(|period| (period / 2).min(WATCHDOG_INTERVAL));
    let mut watchdog = watchdog.filter(|interval| !interval.is_zero()).map(ticker);
    let first_observation = observations.latest(FIRST_OBSERVATION);
    tokio::pin!(first_observation);
    let mut is_ready = false;
    loop {
        tokio::select! {
            ended = &mut serving => {
                return ended.unwrap_or_else(|error| Err(error.into())).map_err(ExporterError::io("serve"));
            }
            // The exporter is ready even if the observation takes too long: the next request starts another one.
            _ = &mut first_observation, if !is_ready => {
                is_ready = true;
                tracing::info!("ready");
                manager.notify(Notification::Ready(String::new()));
            }
            request = signals.next() => match request {
                SignalRequest::Reload => {
                    manager.notify(Notification::Reloading);
                    reloader.reload();
                    if is_ready {
                        manager.notify(Notification::Ready(String::new()));
                    }
                }
                SignalRequest::Stop => {
                    let next = match *stop.borrow() {
                        Shutdown::Running => Shutdown::Drain,
                        Shutdown::Drain | Shutdown::Abort => Shutdown::Abort,
                    };
                    tracing::info!(
                        "stopping {}",
                        if next == Shutdown::Drain { "after the requests in progress" } else { "at once" }
                    );
                    manager.notify(Notification::Stopping(String::new()));
                    stop.send_replace(next);
                }
            },
            () = tick(&mut watchdog) => manager.notify(Notification::Watchdog),
            () = room_for_notifications(&manager) => manager.flush(),
        }
    }
}

/// Raises the limit on open files to the maximum, because the observer keeps two files per agent open. With a lower
/// limit it keeps fewer.
fn raise_descriptor_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!(%error, "cannot raise the limit on open files");
    }
}

fn listeners(flags: &Flags) -> Result<Vec<Listener>, ExporterError> {
    let listeners =
        if flags.web.systemd_socket { mosaic_web::inherited_listeners() } else { mosaic_web::bind(&flags.web.listen) }?;
    for listener in &listeners {
        tracing::info!(address = %listener, "listening on {listener}");
    }
    Ok(listeners)
}

/// Completes when the manager has room for the notifications that wait; never if none wait.
async fn room_for_notifications(manager: &ServiceNotifier) {
    let socket = manager.waiting_socket().and_then(|socket| socket.try_clone_to_owned().ok());
    match socket.and_then(|socket| UnixDatagram::from_std(socket.into()).ok()) {
        Some(socket) => drop(socket.writable().await),
        None => std::future::pending().await,
    }
}

fn ticker(every: Duration) -> Interval {
    let mut interval = interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}

/// Completes at the next watchdog notification; never without a watchdog.
async fn tick(watchdog: &mut Option<Interval>) {
    match watchdog {
        Some(interval) => drop(interval.tick().await),
        None => std::future::pending().await,
    }
}

/// The request that a signal makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SignalRequest {
    /// Reload the configuration.
    Reload,
    /// Stop: after the requests in progress at first, at once the second time.
    Stop,
}

/// The signals that the exporter handles.
struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> SignalRequest {
        tokio::select! {
            _ = self.hangup.recv() => SignalRequest::Reload,
            _ = self.terminate.recv() => SignalRequest::Stop,
            _ = self.interrupt.recv() => SignalRequest::Stop,
        }
    }
}
