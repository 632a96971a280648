//! The parameters of a request.

use percent_encoding::percent_decode_str;

/// The values of a parameter, in their order; `+` is a space, as forms have it.
pub(super) fn values(query: Option<&str>, name: &str) -> Vec<String> {
    let pairs = query.unwrap_or_default().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| decoded(key) == name).map(|(_, value)| decoded(value)).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn a_parameter_may_stand_there_again_and_be_encoded() {
        let query = Some("collect[]=tmux&x=1&collect%5B%5D=pro%63ess&collect[]");
        assert_eq!(values(query, "collect[]"), ["tmux", "process", ""]);
        assert_eq!(values(None, "collect[]"), [""; 0]);
    }
}
