//! The style sheet and the script of the page, which are served from the same host.

/// The content security policy of the page: a browser loads and runs only what this host serves.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The style sheet.
pub(crate) const PAGE_CSS: Asset =
    Asset { name: "page.css", content_type: "text/css; charset=utf-8", text: include_str!("../assets/page.css") };

/// The script.
pub(crate) const PAGE_JS: Asset =
    Asset { name: "page.js", content_type: "text/javascript; charset=utf-8", text: include_str!("../assets/page.js") };

/// A file of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    name: &'static str,
    /// The media type.
    pub content_type: &'static str,
    /// The content.
    pub text: &'static str,
}

impl Asset {
    /// The `ETag`. The page requests `NAME?v=…` with the same digest, so a response can be cached forever.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{:016x}\"", self.digest())
    }

    /// The path relative to the page.
    pub(crate) fn path(&self) -> String {
        format!("assets/{}?v={:016x}", self.name, self.digest())
    }

    /// An FNV-1a digest. It tells versions apart and is no protection.
    fn digest(&self) -> u64 {
        let mix = |digest: u64, byte: u8| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
    }
}

/// Returns a file of the page by its name.
#[must_use]
pub fn asset(name: &str) -> Option<Asset> {
    [PAGE_CSS, PAGE_JS].into_iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{PAGE_CSS, PAGE_JS, asset};

    #[test]
    fn assets_are_found_by_name_and_have_different_digests() {
        let (css, js) = (asset("page.css").unwrap(), asset("page.js").unwrap());
        assert_eq!((css.content_type, js.content_type), ("text/css; charset=utf-8", "text/javascript; charset=utf-8"));
        assert_ne!(css.etag(), js.etag());
        assert!(PAGE_JS.path().contains(js.etag().trim_matches('"')));
        for name in ["", "page", "../page.css", "page.css/"] {
            assert_eq!(asset(name), None, "{name}");
        }
    }

    /// The colors of one color scheme in the style sheet.
    fn colors(block: &str) -> HashMap<&str, [f64; 3]> {
        let body = block.split_once('{').unwrap().1.split_once('}').unwrap().0;
        let declared = body.split(';').filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"));
        let channel = |hex: &str, at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        declared.map(|(name, hex)| (name, [channel(hex, 0), channel(hex, 2), channel(hex, 4)])).collect()
    }

    fn luminance(color: [f64; 3]) -> f64 {
        let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
        0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2])
    }

    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let [one, other] = [luminance(one), luminance(other)];
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Checks the contrast that WCAG 2.2 requires for texts (1.4.3) and graphics (1.4.11).
    #[test]
    fn colors_have_enough_contrast_in_light_and_dark() {
        assert!((contrast([0.0; 3], [1.0; 3]) - 21.0).abs() < 0.001, "the formula");
        let text = ["text", "muted", "accent", "up", "starting", "stale", "dead", "missing", "stopped", "unknown"];
        let css = PAGE_CSS.text;
        let dark = css.split_once("(prefers-color-scheme: dark)").unwrap().1.split_once('{').unwrap().1;
        for (scheme, block) in [("light", css), ("dark", dark)] {
            let colors = colors(block);
            assert_eq!(colors.len(), 17, "{scheme}: {colors:?}");
            let at_least = |ratio: f64, front: &str, behind: &str| {
                let found = contrast(colors[front], colors[behind]);
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
}
