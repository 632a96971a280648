//! What the page loads besides itself: from the same host, and nowhere else.

/// What a browser may do with the page: run and load what this host serves, and nothing else.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The looks.
pub(crate) const PAGE_CSS: Asset =
    Asset { name: "page.css", content_type: "text/css; charset=utf-8", text: include_str!("../assets/page.css") };

/// The script.
pub(crate) const PAGE_JS: Asset =
    Asset { name: "page.js", content_type: "text/javascript; charset=utf-8", text: include_str!("../assets/page.js") };

/// A file of the page's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    name: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// What is in it.
    pub text: &'static str,
}

impl Asset {
    /// Its `ETag`. The page asks for `NAME?v=…` with the same word in it, so an answer may be kept for ever.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("\"{:016x}\"", self.digest())
    }

    /// Where the page looks for it, beside itself.
    pub(crate) fn path(&self) -> String {
        format!("assets/{}?v={:016x}", self.name, self.digest())
    }

    /// FNV-1a: it tells one release's file from another's, and guards nothing.
    fn digest(&self) -> u64 {
        let mix = |digest: u64, byte: u8| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
    }
}

/// A file of the page's by its name.
#[must_use]
pub fn asset(name: &str) -> Option<Asset> {
    [PAGE_CSS, PAGE_JS].into_iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod contrast;

#[cfg(test)]
mod tests {
    use super::{PAGE_JS, asset};

    #[test]
    fn assets_are_found_by_name_and_told_apart() {
        let (css, js) = (asset("page.css").unwrap(), asset("page.js").unwrap());
        assert_eq!((css.content_type, js.content_type), ("text/css; charset=utf-8", "text/javascript; charset=utf-8"));
        assert_ne!(css.etag(), js.etag());
        assert!(PAGE_JS.path().contains(js.etag().trim_matches('"')));
        for name in ["", "page", "../page.css", "page.css/"] {
            assert_eq!(asset(name), None, "{name}");
        }
    }
}
