//! The appearance of the page: contrast (WCAG 2.2, AA) and layout. Screenshots go to `target/page`.
//!
//! `UPDATE=1 ./dev test the_page_fits` also takes the picture of the README, `docs/page.png`, anew.

use crate::page::open_page::OpenPage;
use serde_json::json;
use std::path::Path;

/// Finds texts with too low a contrast by their computed colors.
const TOO_LOW: &str = r"
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].map((part) => part / 255);
    };
    const behind = (element) => {
        for (; element; element = element.parentElement) {
            const color = rgba(getComputedStyle(element).backgroundColor);
            if (color[3] === 1) return color;
        }
        return [1, 1, 1];
    };
    const luminance = (color) => {
        const [red, green, blue] = color.slice(0, 3).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const low = [];
    let checked = 0;
    for (const element of document.body.querySelectorAll('*')) {
        const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
        if (!text || !element.checkVisibility() || element instanceof SVGElement) continue;
        const [front, back] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))];
        const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
        const style = getComputedStyle(element);
        const large = parseFloat(style.fontSize) >= 24;
        checked += 1;
        if (ratio < (large ? 3 : 4.5)) low.push(`${text}: ${ratio.toFixed(2)}`);
    }
    return { low, checked };";

#[test]
fn every_text_has_contrast_in_light_and_in_dark() {
    let Some(page) = OpenPage::or_skip() else { return };
    page.report_various();
    // Finish animations: fading colors would be measured halfway.
    let still = "document.querySelectorAll('details').forEach((details) => details.open = true);
        return document.getAnimations().forEach((animation) => animation.finish())";
    for dark in [false, true] {
        page.browser.prefer_dark(dark);
        let _ = page.browser.script(still, &[]);
        let found = page.browser.script(TOO_LOW, &[]);
        assert_eq!(found["low"], json!([]), "dark: {dark}");
        assert!(found["checked"].as_u64().unwrap() > 60, "{found}");
    }
}

/// The widths at which the layout changes, their neighbours, and usual ones between and beyond them.
const WIDTHS: [u32; 19] =
    [320, 360, 390, 480, 600, 700, 760, 761, 820, 900, 1000, 1001, 1100, 1101, 1200, 1280, 1440, 1920, 2560];

/// The tallest text of a command, in lines. A command in a cell that is too narrow has a letter per line.
const TALLEST_COMMAND: &str = "
    document.querySelectorAll('details').forEach((details) => details.open = true);
    const lines = (code) => code.getBoundingClientRect().height / parseFloat(getComputedStyle(code).lineHeight);
    return Math.max(...[...document.querySelectorAll('code')].filter((code) => code.checkVisibility()).map(lines))";

#[test]
fn the_page_fits_every_width() {
    let Some(page) = OpenPage::or_skip() else { return };
    page.report_various();
    for width in WIDTHS {
        page.browser.resize(width, 900);
        let wide = page.browser.script("return document.documentElement.scrollWidth", &[]);
        assert_eq!(wide, json!(width), "it scrolls sideways at {width}");
        let lines = page.browser.script(TALLEST_COMMAND, &[]).as_f64().unwrap();
        assert!(lines < 5.0, "a command has {lines} lines at {width}");
    }
}

#[test]
fn the_page_fits_desktop_tablet_and_phone() {
    let Some(page) = OpenPage::or_skip() else { return };
    page.report_various();
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/page");
    std::fs::create_dir_all(&to).unwrap();
    for (name, width, height, dark) in [
        ("light", 1280, 900, false),
        ("dark", 1280, 900, true),
        ("tablet", 900, 1100, false),
        ("phone", 390, 844, false),
        ("phone-dark", 390, 844, true),
    ] {
        page.browser.resize(width, height);
        page.browser.prefer_dark(dark);
        // A phone would zoom out, and the window would then be as wide as its content.
        let wide = page.browser.script("return document.documentElement.scrollWidth", &[]);
        assert_eq!(wide, json!(width), "{name} scrolls sideways");
        let picture = page.browser.screenshot();
        std::fs::write(to.join(format!("{name}.png")), &picture).unwrap();
        if name == "light" && std::env::var_os("UPDATE").is_some() {
            std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/page.png"), &picture).unwrap();
        }
    }
}
