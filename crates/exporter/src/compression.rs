//! gzip, for who asked for it.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::HeaderMap;
use hyper::header::ACCEPT_ENCODING;

/// Below this a smaller answer is not a faster one.
const WORTH_IT: usize = 1024;

/// Does this request take gzip?
pub(crate) fn is_accepted(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT_ENCODING).iter().any(|value| value.to_str().is_ok_and(accepts_gzip))
}

/// Is a text of that length worth it?
pub(crate) fn is_worth_it(length: usize) -> bool {
    length >= WORTH_IT
}

/// The header's form is that of RFC 9110, section 12.5.3.
fn accepts_gzip(header: &str) -> bool {
    let quality = |name: &str| {
        header.split(',').find_map(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_it = parts.next()?.eq_ignore_ascii_case(name);
            let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            is_it.then(|| quality.unwrap_or(1.0))
        })
    };
    quality("gzip").or_else(|| quality("*")).is_some_and(|quality| quality > 0.0)
}

/// The same, smaller.
///
/// # Errors
/// None that memory gives.
pub(crate) fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    // The fastest one: it makes a twentieth of a scrape, and others only take longer.
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 16), Compression::fast());
    encoder.write_all(text)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::{accepts_gzip, gzip};
    use std::io::Read as _;

    #[test]
    fn who_takes_it_says_so() {
        for yes in ["gzip", "deflate, gzip;q=0.5", "GZIP", "*", "br;q=1.0, *;q=0.1"] {
            assert!(accepts_gzip(yes), "{yes}");
        }
        for no in ["", "identity", "gzip;q=0", "gzip; q=0.0, *", "x-gzipped", "deflate"] {
            assert!(!accepts_gzip(no), "{no}");
        }
    }

    #[test]
    fn it_comes_back_as_it_was() {
        let text = "mosaic_agent_info{agent=\"coder0\"} 1\n".repeat(1000);
        let mut back = String::new();
        flate2::read::GzDecoder::new(gzip(text.as_bytes()).unwrap().as_slice()).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
    }
}
