//! Pictures of the page, to be looked at: in `target/page`.

use std::path::Path;

use serde_json::json;

use crate::opened::Opened;

#[test]
fn it_fits_a_desk_and_a_phone() {
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
