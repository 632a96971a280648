//! Scalars: the types of unquoted ones after YAML's core schema, and how to write a text as one.

use super::Value;

/// The value of an unquoted scalar after the core schema.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        number if is_number(number) => Value::Number(number.to_owned()),
        text => Value::Text(text.to_owned()),
    }
}

/// When a text is written in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// If a parser would otherwise not read this text.
    WhereNeeded,
    Always,
    /// For numbers.
    Never,
}

/// Writes a text of one line as a scalar that is read back as this text.
pub(crate) fn to_scalar(text: &str, quotes: Quotes) -> String {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    let bare = text.strip_prefix('~').unwrap_or(text);
    let is_plain = bare.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/' || first == '_')
        && bare.bytes().all(is_safe)
        && matches!(plain(text), Value::Text(_))
        // YAML 1.1 parsers read these as booleans.
        && !["y", "n", "yes", "no", "on", "off"].contains(&text.to_lowercase().as_str());
    match quotes {
        Quotes::Never => return text.to_owned(),
        Quotes::WhereNeeded if is_plain => return text.to_owned(),
        Quotes::WhereNeeded | Quotes::Always => {}
    }
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control.is_control() => out.extend(format!("\\u{:04x}", u32::from(control)).chars()),
            other => out.push(other),
        }
    }
    out + "\""
}

/// Whether the text is a number of the core schema: `12`, `-0.5`, `1e3`, `0x1F`, `.inf`.
fn is_number(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return !digits.is_empty() && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

#[cfg(test)]
mod tests {
    use super::{Value, plain};

    #[test]
    fn unquoted_words_have_the_types_of_the_core_schema() {
        let kind = |text: &str| match plain(text) {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            _ => "text",
        };
        let table = [
            ("null", "~ null Null NULL"),
            ("bool", "true True TRUE false False FALSE"),
            ("number", "0 15 -1 +1 0.5 .5 1. 1e3 1.5E-3 0x1F 0o17 007 .inf -.Inf .nan"),
            ("text", "yes no on off y tRUE 2G 50% 1.2.3 0x 0xG e3 . - + 1e 1e+ inf NaN infinity 1_000 ~/src"),
        ];
        for (expected, words) in table {
            for word in words.split(' ') {
                assert_eq!(kind(word), expected, "{word}");
            }
        }
    }
}
