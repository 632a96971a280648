//! The page of `mosaic doctor`: one line per program, with what was found below it.

use mosaic_probe::doctor::{Diagnosis, Finding, Level, ProgramDiagnosis, Tested};
use mosaic_terminal::{Line, Mark, Paint, Style, paragraph};

/// Lays out the programs and the findings.
pub(crate) fn diagnosis_page(diagnosis: &Diagnosis, style: &Style) -> Vec<Line> {
    let mut lines: Vec<Line> = diagnosis
        .findings
        .iter()
        .flat_map(|finding| finding_lines(finding, &mark_of(finding).line(style), style))
        .collect();
    if diagnosis.programs.is_empty() {
        lines.push(Line::default().with(Paint::Dim, "no agent program is found"));
    }
    for program in &diagnosis.programs {
        lines.extend(program_lines(program, style));
    }
    lines
}

fn program_lines(program: &ProgramDiagnosis, style: &Style) -> Vec<Line> {
    let has = |level| program.findings.iter().any(|finding| finding.level == level);
    let mark = match () {
        () if has(Level::Failure) => Mark::Bad,
        () if has(Level::Note) => Mark::Warning,
        () => Mark::Good,
    };
    let head = mark.line(style).with(Paint::Bold, &program.runtime).space(1);
    let mut lines = paragraph(&head, Paint::Plain, &summary(program), style.columns);
    let indent = Line::default().space(4);
    let mut detail = |text: String| lines.extend(paragraph(&indent, Paint::Dim, &text, style.columns));
    if let Some(path) = &program.path {
        detail(path.clone());
    }
    if let Some(node) = &program.node {
        detail(format!("Node {}: {}", node.version, node.path));
    }
    if !program.unattended.is_empty() {
        detail(format!("unattended: {}", program.unattended.join(" ")));
    }
    for finding in &program.findings {
        lines.extend(finding_lines(finding, &indent, style));
    }
    lines
}

/// The version and the agents.
fn summary(program: &ProgramDiagnosis) -> String {
    let version = match (&program.version, &program.path) {
        (Some(version), _) if program.tested == Tested::Known => format!("{version} (known)"),
        (Some(version), _) => version.clone(),
        (None, Some(_)) => "unknown version".to_owned(),
        (None, None) => "not found".to_owned(),
    };
    match program.agents.as_slice() {
        [] => format!("{version}, on PATH; no agent runs it"),
        agents => format!("{version}, run by {}", agents.join(", ")),
    }
}

fn mark_of(finding: &Finding) -> Mark {
    match finding.level {
        Level::Note => Mark::Warning,
        Level::Failure => Mark::Bad,
    }
}

fn finding_lines(finding: &Finding, begin: &Line, style: &Style) -> Vec<Line> {
    let paint = match finding.level {
        Level::Note => Paint::Yellow,
        Level::Failure => Paint::Red,
    };
    let mut lines = paragraph(begin, paint, &finding.text, style.columns);
    if let Some(advice) = &finding.advice {
        let arrow = Line::default().space(4).with(Paint::Cyan, style.arrow()).space(1);
        lines.extend(paragraph(&arrow, Paint::Plain, advice, style.columns));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::diagnosis_page;
    use crate::view::{Style, render};
    use mosaic_probe::doctor::{Diagnosis, Finding, Level, NodeDiagnosis, ProgramDiagnosis, Tested};

    #[test]
    fn the_page_has_what_was_found_below_each_program() {
        let program = |runtime: &str| ProgramDiagnosis {
            runtime: runtime.to_owned(),
            agents: Vec::new(),
            path: Some(format!("/home/u/.npm-global/bin/{runtime}")),
            package: None,
            version: Some("2.1.332".to_owned()),
            tested: Tested::Known,
            node: None,
            unattended: vec!["--dangerously-skip-permissions".to_owned()],
            findings: Vec::new(),
        };
        let failure = Finding {
            level: Level::Failure,
            text: "it needs Node 22.19.0 or newer, and /usr/bin/node is 20.20.2".to_owned(),
            advice: Some("install a newer Node".to_owned()),
        };
        let node = NodeDiagnosis {
            path: "/usr/bin/node".to_owned(),
            version: "20.20.2".to_owned(),
            needed: Some("22.19.0".to_owned()),
        };
        let pi = ProgramDiagnosis {
            agents: vec!["coder0".to_owned(), "coder1".to_owned()],
            node: Some(node),
            unattended: Vec::new(),
            findings: vec![failure],
            ..program("pi")
        };
        let missing = ProgramDiagnosis {
            agents: vec!["coder2".to_owned()],
            path: None,
            version: None,
            tested: Tested::Unknown,
            findings: vec![Finding {
                level: Level::Failure,
                text: "codex is not in /usr/bin:/bin".to_owned(),
                advice: Some("npm install -g @openai/codex".to_owned()),
            }],
            ..program("codex")
        };
        let diagnosis =
            Diagnosis { schema: 1, ok: false, findings: Vec::new(), programs: vec![program("claude"), pi, missing] };
        let style = Style { columns: 80, color: false, ascii: false };
        insta::assert_snapshot!(render(&diagnosis_page(&diagnosis, &style), &style));
    }
}
