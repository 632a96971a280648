//! A real pi that runs as an agent, with a model that tells what it heard.

use crate::site::{Agent, Site};
use mosaic_harness::{ModelServer, Pi};

#[derive(Debug)]
pub(crate) struct RealPi {
    pub(crate) site: Site,
    pub(crate) model: ModelServer,
}

impl RealPi {
    /// These agents, not started; `None`, and a word about it, where there is no pi.
    pub(crate) fn installed_or_skip(agents: &[&str]) -> Option<Self> {
        let pi = Pi::installed_or_skip()?;
        let agents: Vec<Agent> = agents.iter().map(|name| Agent::new(name, "pi", pi.command())).collect();
        let (site, model) = (Site::of(&agents), ModelServer::start());
        pi.configure(&site.fleet, &model);
        Some(Self { site, model })
    }

    /// One that runs.
    pub(crate) fn started_or_skip() -> Option<Self> {
        let pi = Self::installed_or_skip(&["pi0"])?;
        pi.site.start();
        Some(pi)
    }

    /// Waits until so many turns were heard, however long that takes, provided that it goes on.
    pub(crate) fn wait_turns(&self, count: usize) -> Vec<String> {
        for fewer in 1..count {
            let _ = self.model.wait_user_turns(fewer);
        }
        self.model.wait_user_turns(count)
    }
}
