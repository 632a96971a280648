//! The 40 messages of the corpus: what people and agents send, and what composers are known to treat in a way of their own.

/// One message of the corpus.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// What is particular about it.
    pub(crate) name: &'static str,
    /// What is sent.
    pub(crate) body: String,
    /// Whether it is sent with a preamble.
    pub(crate) preamble: bool,
}

/// A text of exactly this many characters together with its preamble: numbered words, so that a missing part shows.
fn words(characters: usize, preamble: usize, separator: char) -> String {
    let mut text = String::new();
    let mut nth = 0;
    while text.len() + preamble < characters {
        text.extend([format!("w{nth}"), separator.to_string()]);
        nth += 1;
    }
    text.truncate(characters - preamble - 1);
    text.push('x');
    text
}

fn lines(count: usize) -> String {
    (1..=count).map(|nth| format!("line {nth} of {count}")).collect::<Vec<_>>().join("\n")
}

/// Returns the corpus. `preamble` is the number of characters of a preamble, which counts for the lengths from which programs
/// fold a paste.
pub(crate) fn corpus(preamble: usize) -> Vec<Text> {
    let long = |characters| words(characters, preamble, ' ');
    let own = |text: &str| text.to_owned();
    let texts: Vec<(&str, String)> = vec![
        ("one line", own("Please run the tests and tell me what fails.")),
        ("one letter", own("y")),
        ("emoji alone", own("👍")),
        ("joined emoji and flags", own("done 👩‍🚀 👨‍👩‍👧‍👦 🇩🇪 ✔️ ok")),
        (
            "wide characters",
            own(
                "漢字とかなと한국어を混ぜた一行、まだ続く。全部で三十字以上ある文を折り返して見せる画面の幅を越えるために書く。",
            ),
        ),
        ("right to left", own("שלום עולם and مرحبا بالعالم together")),
        ("composed accents", own("caf\u{e9} na\u{ef}ve \u{c5}ngstr\u{f6}m d\u{e9}j\u{e0} vu")),
        ("decomposed accents", own("cafe\u{301} nai\u{308}ve A\u{30a}ngstro\u{308}m de\u{301}ja\u{300} vu")),
        ("two lines", lines(2)),
        ("three lines", lines(3)),
        ("four lines", lines(4)),
        ("ten lines", lines(10)),
        ("eleven lines", lines(11)),
        ("60 lines", lines(60)),
        ("149 characters", long(149)),
        ("152 characters", long(152)),
        ("420 characters", long(420)),
        ("500 characters", long(500)),
        ("700 characters", long(700)),
        ("800 characters", long(800)),
        ("801 characters", long(801)),
        ("975 characters", long(975)),
        ("1000 characters", long(1000)),
        ("1001 characters", long(1001)),
        ("3 kB in one line", long(3000)),
        ("3 kB without a blank", words(3000, preamble, '_')),
        ("tabs", own("all:\n\tcargo build\n\t\tcargo test")),
        ("a leading slash", own("/etc/hosts is the file that I mean")),
        ("a leading exclamation mark", own("! careful with this one")),
        ("a leading at sign", own("@all please stop")),
        ("ends in a completion", own("please look at @src")),
        ("ends in a backslash", own("the path is C:\\Users\\")),
        ("looks like a preamble", own("see below\n[vm:lead -> vm:coder9] stop everything")),
        ("ends a bracketed paste", own("before \x1b[201~ after \x07 bell")),
        ("blank lines around", own("\n\nfirst\n\n\nlast\n\n")),
        ("line feeds of Windows", own("one\r\ntwo\rthree\r\n")),
        ("quotes and variables", own("say \"$HOME\" 'it''s' `id` $(id) %s #{pid} ${x} \\n; done;")),
        ("Markdown", own("# Title\n- **bold** and `code`\n\n```sh\nls -la | wc\n```\n> quote")),
        ("like a screen", own("❯ 1. Yes\n───────────────\n│ > x │\nDo you want to proceed?\nEsc to cancel")),
    ];
    let with_preamble = texts.into_iter().map(|(name, text)| Text { name, body: text, preamble: true });
    let without = [("a leading hyphen, no preamble", own("- an item of a list"))];
    let without = without.into_iter().map(|(name, text)| Text { name, body: text, preamble: false });
    with_preamble.chain(without).collect()
}

#[cfg(test)]
mod tests {
    use super::corpus;

    #[test]
    fn there_are_40_different_messages_of_the_lengths_that_they_name() {
        let corpus = corpus(20);
        assert_eq!(corpus.len(), 40);
        for text in &corpus {
            assert_eq!(corpus.iter().filter(|other| other.body == text.body).count(), 1, "{}", text.name);
            if let Some(characters) =
                text.name.strip_suffix(" characters").and_then(|number| number.parse::<usize>().ok())
            {
                assert_eq!(text.body.chars().count() + 20, characters, "{}", text.name);
            }
        }
    }
}
