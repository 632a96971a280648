//! Every text can be read, as the browser paints it (WCAG 2.2, AA).

use crate::page::open_page::Opened;
use serde_json::json;
use std::path::Path;

/// The texts whose contrast is too low, by the colours that are computed.
const TOO_LOW: &str = r"
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255);
    };
    const behind = (element) => {
        for (; element; element = element.parentElement) {
            const colour = rgba(getComputedStyle(element).backgroundColor);
            if (colour[3] === 1) return colour;
        }
        return [1, 1, 1];
    };
    const luminance = (colour) => {
        const [red, green, blue] = colour.slice(0, 3).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const low = [];
    let looked = 0;
    for (const element of document.body.querySelectorAll('*')) {
        const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
        if (!text || !element.checkVisibility() || element instanceof SVGElement) continue;
        const [front, back] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))];
        const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
        const style = getComputedStyle(element);
        const large = parseFloat(style.fontSize) >= 24;
        looked += 1;
        if (ratio < (large ? 3 : 4.5)) low.push(`${text}: ${ratio.toFixed(2)}`);
    }
    return { low, looked };";

#[test]
fn every_text_has_contrast_in_light_and_in_dark() {
    let Some(opened) = Opened::or_skip() else { return };
    opened.report_various();
    // Colours that fade into others would be looked at half-way.
    let still = "document.querySelectorAll('details').forEach((details) => details.open = true);
        return document.getAnimations().forEach((animation) => animation.finish())";
    for dark in [false, true] {
        opened.browser.prefer_dark(dark);
        let _ = opened.browser.script(still, &[]);
        let found = opened.browser.script(TOO_LOW, &[]);
        assert_eq!(found["low"], json!([]), "dark: {dark}");
        assert!(found["looked"].as_u64().unwrap() > 60, "{found}");
    }
}

// DOC Pictures of the page, to be looked at: in `target/page`.

#[test]
fn the_page_fits_desktop_and_phone() {
    let Some(opened) = Opened::or_skip() else { return };
    opened.report_various();
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/page");
    std::fs::create_dir_all(&to).unwrap();
    for (name, width, height, dark) in [
        ("light", 1280, 900, false),
        ("dark", 1280, 900, true),
        ("phone", 390, 844, false),
        ("phone-dark", 390, 844, true),
    ] {
        opened.browser.resize(width, height);
        opened.browser.prefer_dark(dark);
        // A phone would zoom out, and its window then counts as wide as what is in it.
        let wide = opened.browser.script("return document.documentElement.scrollWidth", &[]);
        assert_eq!(wide, json!(width), "{name} scrolls sideways");
        std::fs::write(to.join(format!("{name}.png")), opened.browser.screenshot()).unwrap();
    }
}
