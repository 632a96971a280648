//! The page follows the fleet without a reload and requests only its own host.

use std::time::{SystemTime, UNIX_EPOCH};

use mosaic_harness::BrowserLog;
use serde_json::{Value, json};

use crate::page::open_page::OpenPage;

/// Records when the page first shows a change of coder0.
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
    let Some(page) = OpenPage::or_skip() else { return };
    let before = page.browser.script(WATCH, &[]);
    assert!(before.as_str().unwrap().starts_with("up"), "{before}");

    let agent = page.fleet.units().fleet().pane("coder0");
    let killed = milliseconds();
    agent.process().signal(9);
    let shown = page.browser.wait_for("return window.changedAt ?? null").as_i64().unwrap();
    eprintln!("the page showed the kill after {} ms", shown - killed);
    // Both clocks are this host's; the time includes the work of the page.
    assert!(shown - killed <= 2000, "the page showed the kill after {} ms", shown - killed);
    assert_eq!(page.browser.script("return window.loadedOnce", &[]), json!(true), "the page was reloaded");
}

/// What the page shows of the waiting agent: its group, its position, its activity, and the command.
const WAITING: &str = "
    const row = document.getElementById('a-coder1');
    const cell = row.rows[0].cells[2];
    if (cell.querySelector('b')?.textContent !== 'login needed') return null;
    return [Date.now(), row.previousElementSibling.textContent.trim(), [...row.parentElement.tBodies].indexOf(row),
        cell.querySelector('small').textContent, cell.querySelector('code').textContent,
        document.getElementById('announce').textContent, document.title];";

#[test]
fn a_waiting_agent_shows_at_the_top_within_two_seconds_with_the_command() {
    let Some(page) = OpenPage::or_skip() else { return };
    let reported = milliseconds();
    page.report("coder1", &["waiting", "--reason", "login: 401"]);
    let shown = page.browser.wait_for(WAITING);
    let took = shown[0].as_i64().unwrap() - reported;
    eprintln!("the page showed the report after {took} ms");
    assert!(took <= 2000, "the page showed the report after {took} ms");
    let expected =
        json!(["Waiting for you 1", 1, "login: 401", "mosaic agent attach coder1", "coder1 is waiting: login: 401"]);
    assert_eq!(json!(shown.as_array().unwrap()[1..6]), expected);
    assert!(shown[6].as_str().unwrap().starts_with("○ 1 login needed – fleet "), "{shown}");

    // The filter finds it by its activity, and no other agent.
    let found = "
        const field = document.getElementById('find');
        field.value = arguments[0];
        field.dispatchEvent(new Event('input'));
        return document.getElementById('found').textContent;";
    assert_eq!(page.browser.script(found, &[json!("login needed")]), json!("1 of 3"));
    assert_eq!(page.browser.script(found, &[json!("attach")]), json!("0 of 3"));
}

#[test]
fn a_lost_connection_marks_the_page_as_not_live() {
    let Some(page) = OpenPage::or_skip() else { return };
    let OpenPage { browser, exporter, .. } = page;
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
    let Some(page) = OpenPage::or_skip() else { return };
    let console = page.browser.log(BrowserLog::Console);
    assert_eq!(console, [Value::Null; 0]);

    let log = page.browser.log(BrowserLog::Performance);
    let sent = |entry: &Value| -> Option<String> {
        let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
        let sent = message["message"]["method"] == "Network.requestWillBeSent";
        sent.then(|| message["message"]["params"]["request"]["url"].as_str().unwrap().to_owned())
    };
    let requests: Vec<String> = log.iter().filter_map(sent).filter(|address| address != "data:,").collect();
    let base = page.address();
    assert!(requests.iter().all(|address| address.starts_with(&base)), "{requests:?}");
    let asked = |path: &str| requests.iter().any(|address| address[base.len()..].starts_with(path));
    for path in ["assets/page.css?v=", "assets/page.js?v=", "events"] {
        assert!(asked(path), "{path}: {requests:?}");
    }
}
