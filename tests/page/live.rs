//! The page follows the fleet by itself, and talks to nobody else.

use std::time::{SystemTime, UNIX_EPOCH};

use harness::BrowserLog;
use serde_json::{Value, json};

use crate::opened::Opened;

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

#[test]
fn what_is_old_is_not_shown_as_new() {
    let Some(opened) = Opened::or_skip() else { return };
    let Opened { browser, exporter, .. } = opened;
    drop(exporter);
    let said =
        browser.wait_for("const lost = document.getElementById('lost'); return lost.hidden ? null : lost.textContent");
    assert!(said.as_str().unwrap().starts_with("Not live: what you see is from "), "{said}");
    let shown = "return [document.title.startsWith('? '), document.documentElement.className, getComputedStyle(document.querySelector('main')).filter]";
    let _ = browser.wait_for("return getComputedStyle(document.querySelector('main')).filter === 'grayscale(1)'");
    assert_eq!(browser.script(shown, &[]), json!([true, "scripted lost", "grayscale(1)"]));
}

#[test]
fn nothing_leaves_the_host_and_nothing_is_wrong_on_the_console() {
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
