//! From what was read of a program to what is said of it. Pure.

use std::path::PathBuf;

use mosaic_domain::RuntimeName;
use mosaic_runtimes::{InstalledPackage, Node, ProgramVersion};

use super::{Finding, NodeDiagnosis, ProgramDiagnosis, Tested};

/// What was read of a program.
#[derive(Debug)]
pub(super) struct ProgramEvidence {
    pub(super) runtime: RuntimeName,
    /// The packages that it may come from; the first is the one that goes on.
    pub(super) packages: Vec<String>,
    pub(super) install: Option<String>,
    pub(super) unattended: Vec<String>,
    pub(super) agents: Vec<String>,
    /// The env file of the first of them, which records the search path.
    pub(super) env_file: Option<PathBuf>,
    /// Where it is, or why it was not found.
    pub(super) program: Result<PathBuf, String>,
    pub(super) package: Option<InstalledPackage>,
    pub(super) node: RunningNode,
    pub(super) tested_with: Vec<String>,
}

/// The Node that runs a program.
#[derive(Debug)]
pub(super) enum RunningNode {
    /// The program is no script for Node.
    NotNeeded,
    /// None was found that tells its version.
    Missing,
    /// This one.
    Found(Node),
}

pub(super) fn judge(evidence: ProgramEvidence) -> ProgramDiagnosis {
    let version = evidence.package.as_ref().map(|package| package.version.clone());
    let package = evidence.package.as_ref().and_then(|package| package.name.clone());
    let needed = evidence.package.as_ref().and_then(|package| package.oldest_node.clone());
    let tested_with: Vec<ProgramVersion> = evidence.tested_with.iter().filter_map(|text| text.parse().ok()).collect();
    let tested = Tested::of(version.as_ref(), &tested_with);
    let mut findings = Vec::new();
    if let Err(why) = &evidence.program {
        findings.push(Finding::failure(why.clone(), evidence.install.clone()));
    }
    findings.extend(node_finding(&evidence, needed.as_ref()));
    findings.extend(version_note(tested, version.as_ref(), &tested_with).filter(|_| evidence.program.is_ok()));
    if let (Some(current), Some(own)) = (evidence.packages.first(), &package)
        && current != own
    {
        let text = format!("the package {own} is not continued; the program goes on as {current}");
        let command = format!("mosaic fleet update --dry-run {}", evidence.runtime);
        findings.push(Finding::note(text, Some(command)));
    }
    let node = match evidence.node {
        RunningNode::NotNeeded | RunningNode::Missing => None,
        RunningNode::Found(node) => Some(NodeDiagnosis {
            path: node.path.display().to_string(),
            version: node.version.to_string(),
            needed: needed.map(|version| version.to_string()),
        }),
    };
    ProgramDiagnosis {
        runtime: evidence.runtime.to_string(),
        agents: evidence.agents,
        path: evidence.program.ok().map(|path| path.display().to_string()),
        package,
        version: version.map(|version| version.to_string()),
        tested,
        node,
        unattended: evidence.unattended,
        findings,
    }
}

/// What is wrong with the Node of a script: a failure if an agent of the roster needs it.
fn node_finding(evidence: &ProgramEvidence, needed: Option<&ProgramVersion>) -> Option<Finding> {
    let text = match &evidence.node {
        RunningNode::NotNeeded => return None,
        RunningNode::Missing => "it needs Node, and there is no node where it is searched for".to_owned(),
        RunningNode::Found(node) => {
            let needed = needed.filter(|needed| node.version < **needed)?;
            format!("it needs Node {needed} or newer, and {} is {}", node.path.display(), node.version)
        }
    };
    // An installation keeps a search path that has the program.
    Some(match &evidence.env_file {
        None => Finding::note(text, None),
        Some(file) => Finding::failure(
            text,
            Some(format!(
                "put the directory of a newer Node before the others of PATH in {}; then: mosaic fleet restart {}",
                file.display(),
                evidence.agents.join(" ")
            )),
        ),
    })
}

fn version_note(tested: Tested, version: Option<&ProgramVersion>, tested_with: &[ProgramVersion]) -> Option<Finding> {
    let (newest, oldest) = (tested_with.iter().max(), tested_with.iter().min());
    let text = match (tested, version, newest, oldest) {
        (Tested::Newer, Some(version), Some(newest), _) => {
            format!("{version} is newer than any known version: the profile of {newest} is used")
        }
        (Tested::Between, Some(version), ..) => format!("{version} lies between versions that are known"),
        (Tested::Older, Some(version), _, Some(oldest)) => {
            format!("{version} is older than any known version: the profile of {oldest} is used")
        }
        (Tested::Unknown, None, ..) => {
            "its files do not tell its version: the profile of the newest is used".to_owned()
        }
        _ => return None,
    };
    Some(Finding::note(text, None))
}

impl Tested {
    fn of(version: Option<&ProgramVersion>, known: &[ProgramVersion]) -> Self {
        let (Some(version), Some(newest), Some(oldest)) = (version, known.iter().max(), known.iter().min()) else {
            return Self::Unknown;
        };
        if known.contains(version) {
            Self::Known
        } else if version > newest {
            Self::Newer
        } else if version < oldest {
            Self::Older
        } else {
            Self::Between
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ProgramEvidence, RunningNode, judge};
    use crate::doctor::{Level, Tested};
    use mosaic_runtimes::{InstalledPackage, Node};

    fn evidence() -> ProgramEvidence {
        ProgramEvidence {
            runtime: "pi".parse().unwrap(),
            packages: vec!["new-pi".to_owned(), "old-pi".to_owned()],
            install: Some("npm install -g new-pi".to_owned()),
            unattended: Vec::new(),
            agents: vec!["coder0".to_owned()],
            env_file: Some("/agents/coder0.env".into()),
            program: Ok("/bin/pi".into()),
            package: package("new-pi", "1.6.0", Some("22.19.0")),
            node: RunningNode::Found(node("24.1.0")),
            tested_with: vec!["1.6.0".to_owned(), "0.73.1".to_owned(), "a word".to_owned()],
        }
    }

    fn package(name: &str, version: &str, node: Option<&str>) -> Option<InstalledPackage> {
        let directory = tempfile::tempdir().unwrap();
        let engines = serde_json::json!(node.map(|node| format!(">={node}")));
        let manifest = serde_json::json!({ "name": name, "version": version, "engines": { "node": engines } });
        std::fs::write(directory.path().join("package.json"), manifest.to_string()).unwrap();
        InstalledPackage::of_file(&directory.path().join("cli.js"), &[name.to_owned()])
    }

    fn node(version: &str) -> Node {
        Node { path: "/bin/node".into(), version: version.parse().unwrap() }
    }

    /// The levels and texts of the findings.
    fn findings(evidence: ProgramEvidence) -> Vec<(Level, String)> {
        let findings = judge(evidence).findings.into_iter();
        findings.map(|finding| (finding.level, finding.text)).collect()
    }

    #[test]
    fn a_program_that_is_known_and_runs_has_no_findings() {
        let diagnosis = judge(evidence());
        assert_eq!((diagnosis.tested, &*diagnosis.findings), (Tested::Known, &[][..]));
        assert_eq!(diagnosis.node.unwrap().needed.as_deref(), Some("22.19.0"));
    }

    #[test]
    fn what_an_agent_lacks_is_a_failure() {
        let missing = ProgramEvidence {
            program: Err("pi is not in /bin".to_owned()),
            package: None,
            node: RunningNode::NotNeeded,
            ..evidence()
        };
        assert_eq!(findings(missing), [(Level::Failure, "pi is not in /bin".to_owned())]);
        let too_old = |env_file| ProgramEvidence { node: RunningNode::Found(node("20.20.2")), env_file, ..evidence() };
        let text = "it needs Node 22.19.0 or newer, and /bin/node is 20.20.2".to_owned();
        assert_eq!(findings(too_old(evidence().env_file)), [(Level::Failure, text.clone())]);
        assert_eq!(findings(too_old(None)), [(Level::Note, text)], "no agent needs it");
        let no_node = ProgramEvidence { node: RunningNode::Missing, ..evidence() };
        assert_eq!(findings(no_node)[0].0, Level::Failure);
    }

    #[test]
    fn an_unknown_version_is_a_note() {
        for (version, tested, text) in [
            ("1.7.0", Tested::Newer, "1.7.0 is newer than any known version: the profile of 1.6.0 is used"),
            ("1.0.0", Tested::Between, "1.0.0 lies between versions that are known"),
            ("0.1.0", Tested::Older, "0.1.0 is older than any known version: the profile of 0.73.1 is used"),
        ] {
            let other = ProgramEvidence { package: package("new-pi", version, None), ..evidence() };
            let diagnosis = judge(other);
            assert_eq!((diagnosis.tested, diagnosis.findings[0].text.as_str()), (tested, text));
            assert_eq!((diagnosis.findings.len(), diagnosis.findings[0].level), (1, Level::Note));
        }
        let unknown = judge(ProgramEvidence { package: None, ..evidence() });
        assert_eq!((unknown.tested, unknown.findings.len()), (Tested::Unknown, 1));
    }

    #[test]
    fn a_package_that_is_not_continued_is_a_note_with_the_way_on() {
        let older = package("old-pi", "0.73.1", None);
        let diagnosis = judge(ProgramEvidence { package: older, ..evidence() });
        let finding = &diagnosis.findings[0];
        assert_eq!((finding.level, diagnosis.findings.len()), (Level::Note, 1));
        assert_eq!(finding.text, "the package old-pi is not continued; the program goes on as new-pi");
        assert_eq!(finding.advice.as_deref(), Some("mosaic fleet update --dry-run pi"));
    }
}
