//! A question is never a prompt: a message can never answer one.
#![allow(clippy::unwrap_used, reason = "a test that panics names the line")]

use mosaic_domain::MosaicHome;
use mosaic_runtimes::{Composer, Profile, ProfileLibrary, Screen};

fn profile(runtime: &str) -> Profile {
    let missing_home = |name: &str| (name == "MOSAIC_HOME").then(|| "/nonexistent".into());
    let library = ProfileLibrary::new(&MosaicHome::from_environment(missing_home).unwrap());
    library.profile(&runtime.parse().unwrap()).unwrap()
}

/// A screen whose cursor is behind its last character.
fn screen(text: &str) -> Screen {
    let last = text.lines().last().unwrap_or_default();
    Screen { cursor_column: last.chars().count(), width: 80, ..Screen::from_text(text) }
}

/// Whether a message could be typed.
fn takes_text(profile: &Profile, text: &str) -> bool {
    let screen = screen(text);
    profile.dialog_on(&screen).is_none()
        && Composer::find(&profile.composer, &screen).is_some_and(|composer| composer.is_empty)
}

/// Whether the program is known to ask something, so that nothing is typed without a prompt either.
fn asks(profile: &Profile, text: &str) -> bool {
    profile.dialog_on(&screen(text)).is_some()
}

const QUESTIONS: [&str; 42] = [
    "Create new file? (Y)es/(N)o [Yes]: ",
    "Add a.py to the chat? (Y)es/(N)o/(A)ll/(S)kip all/(D)on't ask again [Yes]: ",
    "Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]: ",
    "Allow creation of new file? (Y)es/(N)o [No]: ",
    "Overwrite? ",
    "Overwrite? > ",
    "Overwrite a.txt? [y/N] ",
    "Overwrite a.txt [y/N]> ",
    "Overwrite (y/n)? ",
    "Overwrite (y/n) % ? ",
    "Proceed ([y]/n)? ",
    "Proceed? [Y/n] >",
    "Do you want to continue? [Y/n/d/v/?] ",
    "Continue connecting (yes/no/[fingerprint])? ",
    "Continue (yes/no) ",
    "Really delete everything (yes) ",
    "Is this right? (yes) ",
    "Type 'yes' to confirm: ",
    "Type DELETE to confirm> ",
    "Enter a value: ",
    "Enter your name> ",
    "Select an option [1-3]> ",
    "Which one (a/b/c) ",
    "Choice [1]? ",
    "Please choose > ",
    "Password: ",
    "Password> ",
    "[sudo] password for ada: ",
    "Enter passphrase for key '/home/ada/.ssh/id': ",
    "Username for 'https://host': ",
    "login: ",
    "Press any key to continue> ",
    "Press Enter to continue...",
    "--More--",
    "Save changes?\n> ",
    "Save changes?\n\n> ",
    "Choose a color:\n> ",
    "1) red\n2) blue\n> ",
    "  a. red\n  b. blue\n: ",
    "Overwrite [y/N]\n> ",
    "? Overwrite the file › ",
    "What is your name?:",
];

#[test]
fn a_question_is_never_a_prompt_of_a_program_that_reads_lines() {
    let repl = profile("repl");
    for text in QUESTIONS {
        assert!(!takes_text(&repl, text), "{text:?} is taken for a prompt");
        // Where a question is only not a prompt, a message could still be typed without one.
        assert!(asks(&repl, text) || text.starts_with("? Overwrite the"), "{text:?} is not known to be a question");
    }
}

#[test]
fn prompts_of_programs_that_read_lines_take_messages() {
    let repl = profile("repl");
    let prompts = [
        ">>> ",
        "1. one\nHelp:\n>>> ",
        "> ",
        "noted\n> ",
        "noted.\n\n> ",
        "In [1]: ",
        "Out[1]: 2\n\nIn [12]: ",
        "(gdb) ",
        "(Pdb) ",
        "(Pdb++) ",
        "(rdbg:1) ",
        "ipdb> ",
        "mysql> ",
        "MariaDB [(none)]> ",
        "MariaDB [test]> ",
        "postgres=# ",
        "sqlite> ",
        "irb(main):001:0> ",
        "iex(1)> ",
        "[1]> ",
        "julia> ",
        "jshell> ",
        "aider> ",
        "root@host:~# ",
        "[ada@host dir]$ ",
        "(venv) ada@host:~$ ",
        "host% ",
        "❯ ",
        "────────────────────────────────────────────────────────────────────────────────\n> ",
        // The question was answered, and the program goes on.
        "Overwrite? [y/N] y\nwritten\n> ",
        "Create new file? (Y)es/(N)o [Yes]: y\n────────────────────────────────────────────────────────────────────────────────\n> ",
    ];
    for text in prompts {
        assert!(takes_text(&repl, text), "{text:?} is not taken for a prompt");
    }
    for text in ["Downloading 50%", "Compiling", ""] {
        assert!(!takes_text(&repl, text), "{text:?} is taken for a prompt");
    }
}

#[test]
fn what_a_script_asks_is_not_the_prompt_of_its_shell() {
    let shell = profile("shell");
    for text in [
        "Overwrite [y/N]> ",
        "Continue? > ",
        "Press Enter> ",
        "Password> ",
        "Go on (yes/no)> ",
        "Delete it?\n> ",
        "1) red\n2) blue\n> ",
        "1) red\n2) blue\n#? ",
        "Enter a name> ",
    ] {
        assert!(asks(&shell, text), "{text:?}");
    }
    for text in
        ["host:~$ ", "host% ", "repo (fix/a-1) $ ", "[ada@host dir]$ ", "# ", "❯ ", "Is it so? yes\n❯ ", "a.txt:\n$ "]
    {
        assert!(takes_text(&shell, text), "{text:?}");
    }
}
