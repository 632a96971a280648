//! Which keys there are, and how those that there are not are refused.

use super::{InvalidKey, Key};

#[test]
fn keys_are_written_as_tmux_has_them() {
    let table = [
        ("1", "1"),
        ("y", "y"),
        ("Y", "Y"),
        ("-", "-"),
        ("C", "C"),
        (";", ";"),
        ("é", "é"),
        ("日", "日"),
        ("enter", "Enter"),
        ("ESCAPE", "Escape"),
        ("Esc", "Escape"),
        ("up", "Up"),
        ("pagedown", "NPage"),
        ("delete", "DC"),
        ("f12", "F12"),
        ("kp*", "KP*"),
        ("KP-", "KP-"),
        ("C-c", "C-c"),
        ("c-c", "C-c"),
        ("C--", "C--"),
        ("C-space", "C-Space"),
        ("M-Enter", "M-Enter"),
        ("M--", "M--"),
        ("M-KP-", "M-KP-"),
        ("M-C-x", "C-M-x"),
        ("S-Tab", "BTab"),
        ("M-S-Tab", "M-BTab"),
        ("S-a", "A"),
        ("M-S-a", "M-A"),
        ("S-M-C-up", "C-M-S-Up"),
    ];
    for (given, expected) in table {
        assert_eq!(given.parse::<Key>().map(|key| key.to_string()).as_deref(), Ok(expected), "{given}");
    }
}

#[test]
fn tmux_would_type_the_letters_of_what_is_refused() {
    let unknown = |nearest: &str| InvalidKey::Unknown(Some(nearest.to_owned()).filter(|name| !name.is_empty()));
    let no_code = |modifiers: &str| InvalidKey::NoSuchCode { modifiers: modifiers.to_owned() };
    let table = [
        ("", unknown("")),
        (" ", unknown("Space")),
        ("\t", unknown("")),
        ("\u{301}", unknown("")),
        ("yes", unknown("")),
        ("Entre", unknown("Enter")),
        ("F13", unknown("F12")),
        ("C-Entr", unknown("Enter")),
        ("X-a", unknown("")),
        ("C-", unknown("")),
        ("please rebase", unknown("")),
        ("S-1", InvalidKey::Shifted),
        ("S-Enter", no_code("S")),
        ("C-Enter", no_code("C")),
        ("C-M-Escape", no_code("C-M")),
        ("C-S-a", no_code("C-S")),
        ("C-1", no_code("C")),
        ("C-é", no_code("C")),
        ("C-S-Tab", no_code("C-S")),
    ];
    for (given, expected) in table {
        assert_eq!(given.parse::<Key>(), Err(expected), "{given:?}");
    }
}

#[test]
fn the_error_says_what_to_do() {
    let told = |given: &str| given.parse::<Key>().unwrap_err().to_string();
    assert_eq!(told("Entre"), "there is no such key: did you mean Enter? Text is sent with 'mosaic agent send'");
    assert!(told("please rebase").contains("expected a single character"));
    assert!(told("S-Enter").contains("S with this key"));
}
