//! The page follows the fleet by itself, and talks to nobody else.

use std::time::{SystemTime, UNIX_EPOCH};

use mosaic_harness::BrowserLog;
use serde_json::{Value, json};

use crate::page::open_page::Opened;

/// Notes when the page first shows that coder0 is not what it was.
const WATCH: &str = "
    const row = document.getElementById('a-coder0');
    const said = () => [...row.rows[0].cells].filter((_, at) => at === 1 || at === 6).map((cell) => cell.textContent).join();
    const before = said();
    window.loadedOnce = true;
    new MutationObserver(() => { if (said() !== before) window.changedAt ??= Date.now(); })
        .observe(document.getElementById('agents'), { subtree: true, childList: true, characterData: true });
    return before;";

fn milliseconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    i64::try_from(now).unwrap()
}

#[test]
fn a_kill_shows_within_two_seconds_without_a_reload() {
    let Some(opened) = Opened::or_skip() else { return };
    let before = opened.browser.script(WATCH, &[]);
    assert!(before.as_str().unwrap().starts_with("up"), "{before}");

    let pane = opened.fleet.units().fleet().pane("coder0");
    let killed = milliseconds();
    pane.process().signal(9);
    let shown = opened.browser.wait_for("return window.changedAt ?? null").as_i64().unwrap();
    eprintln!("the page showed the kill after {} ms", shown - killed);
    // Both clocks are this host's, and the page's own work is part of it.
    assert!(shown - killed <= 2000, "the page showed the kill after {} ms", shown - killed);
    assert_eq!(opened.browser.script("return window.loadedOnce", &[]), json!(true), "the page was loaded again");
}

/// What the page shows of the one that waits: its place, its group, what it does, and what to do about it.
const WAITING: &str = "
    const row = document.getElementById('a-coder1');
    const cell = row.rows[0].cells[2];
    if (cell.querySelector('b')?.textContent !== 'login needed') return null;
    return [Date.now(), row.previousElementSibling.textContent.trim(), [...row.parentElement.tBodies].indexOf(row),
        cell.querySelector('small').textContent, cell.querySelector('code').textContent,
        document.getElementById('announce').textContent, document.title];";

#[test]
fn a_waiting_agent_shows_at_the_top_within_two_seconds_with_the_command() {
    let Some(opened) = Opened::or_skip() else { return };
    let reported = milliseconds();
    opened.report("coder1", &["waiting", "--reason", "login: 401"]);
    let shown = opened.browser.wait_for(WAITING);
    let took = shown[0].as_i64().unwrap() - reported;
    eprintln!("the page showed the report after {took} ms");
    assert!(took <= 2000, "the page showed the report after {took} ms");
    let expected =
        json!(["Waiting for you 1", 1, "login: 401", "mosaic agent attach coder1", "coder1 is waiting: login: 401"]);
    assert_eq!(json!(shown.as_array().unwrap()[1..6]), expected);
    assert!(shown[6].as_str().unwrap().starts_with("○ 1 login needed – fleet "), "{shown}");

    // It is found by what it does, and nobody else is.
    let found = "
        const field = document.getElementById('find');
        field.value = arguments[0];
        field.dispatchEvent(new Event('input'));
        return document.getElementById('found').textContent;";
    assert_eq!(opened.browser.script(found, &[json!("login needed")]), json!("1 of 3"));
    assert_eq!(opened.browser.script(found, &[json!("attach")]), json!("0 of 3"));
}

#[test]
fn a_lost_connection_marks_the_page_as_not_live() {
    let Some(opened) = Opened::or_skip() else { return };
    let Opened { browser, exporter, .. } = opened;
    drop(exporter);
    let said =
        browser.wait_for("const lost = document.getElementById('lost'); return lost.hidden ? null : lost.textContent");
    assert!(said.as_str().unwrap().starts_with("Not live: this page shows the fleet as of "), "{said}");
    let shown = "return [document.title.startsWith('? '), document.documentElement.className, getComputedStyle(document.querySelector('main')).filter]";
    let _ = browser.wait_for("return getComputedStyle(document.querySelector('main')).filter === 'grayscale(1)'");
    assert_eq!(browser.script(shown, &[]), json!([true, "scripted lost", "grayscale(1)"]));
}

#[test]
fn the_page_requests_only_its_own_host_and_logs_no_error() {
    let Some(opened) = Opened::or_skip() else { return };
    let console = opened.browser.log(BrowserLog::Console);
    assert_eq!(console, [Value::Null; 0]);

    let log = opened.browser.log(BrowserLog::Performance);
    let sent = |entry: &Value| -> Option<String> {
        let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
        let sent = message["message"]["method"] == "Network.requestWillBeSent";
        sent.then(|| message["message"]["params"]["request"]["url"].as_str().unwrap().to_owned())
    };
    let requests: Vec<String> = log.iter().filter_map(sent).filter(|address| address != "data:,").collect();
    let base = opened.address();
    assert!(requests.iter().all(|address| address.starts_with(&base)), "{requests:?}");
    let asked = |path: &str| requests.iter().any(|address| address[base.len()..].starts_with(path));
    for path in ["assets/page.css?v=", "assets/page.js?v=", "events"] {
        assert!(asked(path), "{path}: {requests:?}");
    }
}
