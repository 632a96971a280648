//! Checks the links of all Markdown files: that the file exists, and the heading in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::lint::{Findings, Outcome};
use crate::repository::Repository;

/// The directory of the book, and its table of contents.
const BOOK: &str = "docs/";
const SUMMARY: &str = "docs/SUMMARY.md";

pub(super) fn check(repository: &Repository) -> Outcome {
    let files: BTreeSet<String> = repository.files(&[])?.into_iter().collect();
    let texts = repository.text_files()?.into_iter().filter(|file| file.has_extension("md"));
    let pages: BTreeMap<String, Page> = texts.map(|file| (file.path, Page::parse(&file.text))).collect();
    Ok(find_dead_links(&files, &pages))
}

/// What one Markdown file links to, and what others can link to in it.
#[derive(Debug, Default)]
struct Page {
    /// Line and target of each link, in order.
    links: Vec<(usize, String)>,
    anchors: BTreeSet<String>,
}

impl Page {
    fn parse(text: &str) -> Self {
        let mut page = Self::default();
        let mut fence: Option<&str> = None;
        for (number, line) in (1..).zip(text.lines()) {
            let trimmed = line.trim_start();
            let opens = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
            match (fence, opens) {
                (None, Some(mark)) => fence = Some(mark),
                (Some(open), Some(mark)) if open == mark => fence = None,
                (None, None) => page.read_line(number, line),
                _ => {}
            }
        }
        page
    }

    fn read_line(&mut self, number: usize, line: &str) {
        let line = without_code(line);
        let hashes = line.bytes().take_while(|byte| *byte == b'#').count();
        if (1..=6).contains(&hashes) && line[hashes..].starts_with(' ') {
            self.add_anchor(&slug(&line[hashes..]));
        }
        let targets = inline_targets(&line).chain(reference_target(&line)).chain(html_targets(&line));
        self.links.extend(targets.map(|target| (number, target.to_owned())));
        for attribute in [" id=\"", " name=\""] {
            self.anchors.extend(quoted_after(&line, attribute).map(str::to_owned));
        }
    }

    /// The second heading of a name gets `-1`, the third `-2`.
    fn add_anchor(&mut self, slug: &str) {
        let names = std::iter::once(slug.to_owned()).chain((1..).map(|nth| format!("{slug}-{nth}")));
        for name in names {
            if self.anchors.insert(name) {
                break;
            }
        }
    }
}

/// Empties the inline code of a line. What it contains is no link, but it counts in a heading, so its letters stay.
fn without_code(line: &str) -> String {
    let mut result = String::new();
    for (nth, part) in line.split('`').enumerate() {
        if nth % 2 == 1 {
            result.extend(part.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_')));
        } else {
            result.push_str(part);
        }
    }
    result
}

/// As GitHub and mdBook make it: lower case, spaces become hyphens, punctuation goes. Of a link, the text counts.
fn slug(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading.trim().trim_end_matches('#').trim_end();
    while let Some((before, after)) = rest.split_once("](") {
        text.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let kept = text.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|char| if char == ' ' { '-' } else { char }).collect()
}

/// The targets of `[text](target)` and `![text](target "title")`.
fn inline_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).map(|rest| {
        let rest = rest.strip_prefix('<').unwrap_or(rest);
        rest.split([')', '>', ' ']).next().unwrap_or_default()
    })
}

/// The target of a definition such as `[name]: target`.
fn reference_target(line: &str) -> Option<&str> {
    let (_, target) = line.trim_start().strip_prefix('[')?.split_once("]: ")?;
    target.split_whitespace().next()
}

fn html_targets(line: &str) -> impl Iterator<Item = &str> {
    [" href=\"", " src=\"", " srcset=\""].into_iter().flat_map(|attribute| quoted_after(line, attribute))
}

fn quoted_after<'line>(line: &'line str, attribute: &str) -> impl Iterator<Item = &'line str> {
    line.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()).collect::<Vec<_>>().into_iter()
}

fn find_dead_links(files: &BTreeSet<String>, pages: &BTreeMap<String, Page>) -> Findings {
    let mut findings = Findings::new();
    for (path, page) in pages {
        for (line, target) in &page.links {
            if let Some(reason) = why_dead(files, pages, path, target) {
                findings.push(format!("{path}:{line}: the link to '{target}' is dead: {reason}"));
            }
        }
    }
    if let Some(summary) = pages.get(SUMMARY) {
        let chapters: BTreeSet<String> =
            summary.links.iter().filter_map(|(_, target)| resolve(SUMMARY, target.split('#').next()?)).collect();
        let missing =
            pages.keys().filter(|path| path.starts_with(BOOK) && *path != SUMMARY && !chapters.contains(*path));
        findings.extend(missing.map(|path| format!("{path}: it is not in {SUMMARY}, so the book does not contain it")));
    }
    findings
}

/// `None` for a link that works or that leaves the repository.
fn why_dead(
    files: &BTreeSet<String>,
    pages: &BTreeMap<String, Page>,
    path: &str,
    target: &str,
) -> Option<&'static str> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let Some(file) = (if file.is_empty() { Some(path.to_owned()) } else { resolve(path, file) }) else {
        return Some("it leads out of the repository");
    };
    let directory = format!("{}/", file.trim_end_matches('/'));
    if !files.contains(&file) && !files.iter().any(|other| other.starts_with(&directory)) {
        return Some("there is no such file");
    }
    if path.starts_with(BOOK) && !file.starts_with(BOOK) {
        return Some("it leads out of the book");
    }
    let anchors = &pages.get(&file)?.anchors;
    anchor.is_some_and(|anchor| !anchors.contains(anchor)).then_some("there is no such heading")
}

/// The path of a target that is relative to a file, from the root of the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(pages: &[(&str, &str)], others: &[&str]) -> Findings {
        let files = pages.iter().map(|(path, _)| *path).chain(others.iter().copied()).map(str::to_owned).collect();
        let pages = pages.iter().map(|(path, text)| ((*path).to_owned(), Page::parse(text))).collect();
        find_dead_links(&files, &pages)
    }

    #[test]
    fn a_link_to_a_missing_file_is_found_with_its_line() {
        let found = findings(&[("a/b.md", "x\n\nsee [c](../c.md) and [d](d.md)")], &["c.md"]);
        assert_eq!(found, ["a/b.md:3: the link to 'd.md' is dead: there is no such file"]);
    }

    #[test]
    fn all_kinds_of_links_are_read() {
        for dead in ["![i](x.png \"t\")", "[r]: x.md", "<img alt=\"\" src=\"x.png\">", "[a](<x.md>)", "[a](x/) b"] {
            assert_eq!(findings(&[("a.md", dead)], &[]).len(), 1, "{dead}");
        }
    }

    #[test]
    fn urls_and_code_are_no_links() {
        let text = "[a](https://b.c/d) `[x](y)` [m](mailto:a@b)\n```md\n[x](y)\n```\n~~~\n[x](y)\n~~~\n";
        assert_eq!(findings(&[("a.md", text)], &[]), [""; 0]);
    }

    #[test]
    fn a_directory_can_be_linked() {
        assert_eq!(findings(&[("a.md", "[d](d) [e](e/)")], &["d/x", "e/x"]), [""; 0]);
    }

    #[test]
    fn an_anchor_must_be_a_heading() {
        let page = "# Exit codes, and `--json`\n## A\n## A\n[1](#exit-codes-and---json) [2](#a-1) [3](#b)";
        assert_eq!(findings(&[("a.md", page)], &[]), ["a.md:4: the link to '#b' is dead: there is no such heading"]);
        let other = [("b.md", "[1](a.md#a) [2](a.md#c)"), ("a.md", "## A\n")];
        assert_eq!(findings(&other, &[]), ["b.md:1: the link to 'a.md#c' is dead: there is no such heading"]);
    }

    #[test]
    fn a_link_must_not_leave_the_book_or_the_repository() {
        let found = findings(&[("docs/a.md", "[r](../README.md)\n[o](../../x)"), ("README.md", "")], &[]);
        assert!(found[0].ends_with("it leads out of the book"), "{found:?}");
        assert!(found[1].ends_with("it leads out of the repository"), "{found:?}");
    }

    #[test]
    fn every_page_of_the_book_is_in_its_summary() {
        let pages = [("docs/SUMMARY.md", "- [a](a.md)"), ("docs/a.md", ""), ("docs/b.md", "")];
        assert_eq!(findings(&pages, &[]), ["docs/b.md: it is not in docs/SUMMARY.md, so the book does not contain it"]);
    }
}
