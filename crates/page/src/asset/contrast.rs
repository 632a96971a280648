//! Whether the colours of the page can be told from what is behind them (WCAG 2.2, 1.4.3 and 1.4.11).

use std::collections::HashMap;

use super::PAGE_CSS;

/// The colours of one scheme, as the style sheet has them.
fn colours(block: &str) -> HashMap<&str, [f64; 3]> {
    let body = block.split_once('{').unwrap().1.split_once('}').unwrap().0;
    let declared = body.split(';').filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"));
    let channel = |hex: &str, at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
    declared.map(|(name, hex)| (name, [channel(hex, 0), channel(hex, 2), channel(hex, 4)])).collect()
}

fn luminance(colour: [f64; 3]) -> f64 {
    let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let [one, other] = [luminance(one), luminance(other)];
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_colour_can_be_read_in_light_and_in_dark() {
    assert!((contrast([0.0; 3], [1.0; 3]) - 21.0).abs() < 0.001, "the formula");
    let text = ["text", "muted", "accent", "up", "starting", "stale", "dead", "missing", "unknown"];
    let css = PAGE_CSS.text;
    let dark = css.split_once("(prefers-color-scheme: dark)").unwrap().1.split_once('{').unwrap().1;
    for (scheme, block) in [("light", css), ("dark", dark)] {
        let colours = colours(block);
        assert_eq!(colours.len(), 16, "{scheme}: {colours:?}");
        let at_least = |ratio: f64, front: &str, behind: &str| {
            let found = contrast(colours[front], colours[behind]);
            assert!(found >= ratio, "{scheme}: {front} on {behind} is {found:.2}, not {ratio}");
        };
        for behind in ["ground", "panel", "raised"] {
            for front in text {
                at_least(4.5, front, behind);
            }
        }
        for behind in ["ground", "panel"] {
            at_least(3.0, "gap", behind);
            at_least(3.0, "bar", behind);
        }
        at_least(4.5, "said", "dead");
    }
}
