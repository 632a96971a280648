//! How busy the machine was meanwhile.

use serde::Serialize;

/// The load average of the last minute, when measuring began and when it was over.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Load {
    before: f64,
    after: f64,
}

impl Load {
    /// Of a machine on which nothing has been measured yet.
    pub(crate) fn begin() -> Self {
        Self { before: average(), after: 0.0 }
    }

    pub(crate) fn end(&mut self) {
        self.after = average();
    }

    /// One sentence, with a warning where the machine had much else to do (a build that went before counts).
    pub(crate) fn text(self) -> String {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let Self { before, after } = self;
        let busy = u32::try_from(processors).is_ok_and(|processors| before > f64::from(processors) / 2.0);
        let warning = if busy { "; with this much going on, times are longer and less certain" } else { "" };
        format!("Load average {before:.2} before and {after:.2} after, {processors} processors{warning}.")
    }
}

fn average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|average| average.parse().ok()).unwrap_or_default()
}
