//! When a scrape has to be answered.

use std::time::Duration;

use hyper::HeaderMap;

/// What Prometheus says how long it waits.
const HEADER: &str = "X-Prometheus-Scrape-Timeout-Seconds";
/// Who does not say it waits as long as Prometheus does by default.
const USUAL: Duration = Duration::from_secs(10);
/// Nobody waits longer, whatever is said: no look takes this long, and a moment so far away that no clock has
/// it would be a bug that anybody could set off.
const LONGEST: Duration = Duration::from_mins(10);
/// For the way back: an answer that comes just in time comes too late.
const WAY_BACK: Duration = Duration::from_millis(250);

/// How long the answer to this request may take. Nonsense counts as nothing: a scrape is no place to
/// argue.
pub(crate) fn time_for(headers: &HeaderMap) -> Duration {
    let said = headers.get(HEADER).and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok());
    let asked = said.filter(|seconds| *seconds > 0.0).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let asked = asked.unwrap_or(USUAL).min(LONGEST);
    // Of a very short time most is left all the same.
    asked.saturating_sub(WAY_BACK.min(asked / 5))
}

#[cfg(test)]
mod tests {
    use super::{HEADER, time_for};
    use hyper::HeaderMap;

    #[test]
    fn an_answer_leaves_before_the_scrape_gives_up() {
        let table = [
            (Some("10"), 9_750),
            (Some("15.0"), 14_750),
            (Some("0.5"), 400),
            (Some("0"), 9_750),
            (Some("-3"), 9_750),
            (Some("NaN"), 9_750),
            (Some("inf"), 9_750),
            (Some("soon"), 9_750),
            // The last one that a duration can hold, and the first that it cannot.
            (Some("1e19"), 599_750),
            (Some("1e20"), 9_750),
            (None, 9_750),
        ];
        for (said, expected) in table {
            let headers: HeaderMap =
                said.into_iter().map(|said| (HEADER.parse().unwrap(), said.parse().unwrap())).collect();
            assert_eq!(time_for(&headers).as_millis(), expected, "{said:?}");
        }
    }
}
