//! The page can be used with the keyboard alone.

use serde_json::json;

use crate::page::open_page::OpenPage;

const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';
const ESCAPE: char = '\u{e00c}';

/// The focused element, and whether its focus is visible.
const FOCUSED: &str = "
    const focused = document.activeElement;
    const visible = getComputedStyle(focused).outlineStyle !== 'none';
    return [focused.id || focused.className || focused.textContent.trim(), visible];";

#[test]
fn the_skip_link_the_search_and_every_agent_can_be_reached() {
    let Some(page) = OpenPage::or_skip() else { return };
    let browser = &page.browser;
    let mut reached = Vec::new();
    for _ in 0..20 {
        browser.press(TAB);
        let focused = browser.script(FOCUSED, &[]);
        assert_eq!(focused[1], json!(true), "the focus is not visible: {focused}");
        reached.push(focused[0].as_str().unwrap().to_owned());
        if focused[0] == "more" {
            break;
        }
    }
    assert_eq!(reached.first().map(String::as_str), Some("skip"), "{reached:?}");
    let at = |what: &str| reached.iter().position(|id| id == what);
    assert!(at("find").is_some() && at("find") < at("more"), "{reached:?}");

    browser.press(ENTER);
    let shown = "const more = document.querySelector('tr.more'); return more.checkVisibility() && more.textContent.includes('pid')";
    let _ = browser.wait_for(shown);
}

#[test]
fn slash_filters_agents_and_escape_clears_the_filter() {
    let Some(page) = OpenPage::or_skip() else { return };
    let browser = &page.browser;
    let shown = "return [...document.querySelectorAll('#agents tbody:not(.group)')].filter((body) => body.checkVisibility()).map((body) => body.id)";
    for key in ['/', 'c', 'o', 'd', 'e', 'r', '1'] {
        browser.press(key);
    }
    assert_eq!(browser.script(shown, &[]), json!(["a-coder1"]));
    assert_eq!(browser.script("return document.getElementById('found').textContent", &[]), json!("1 of 3"));
    browser.press(ESCAPE);
    assert_eq!(browser.script(shown, &[]), json!(["a-mos", "a-coder0", "a-coder1"]));
}
