//! `agent-send.sh` and `send-message.sh` pass their arguments to `mosaic agent send`, and its output and exit code back.

use mosaic_harness::{Binaries, Deadline, Fleet};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A stand-in for `mosaic`: records its arguments and input, and exits with `$ENDS_WITH`.
const STAND_IN: &str =
    "#!/bin/sh\nprintf '%s\\0' \"$@\" >\"$HOME/arguments\"\ncat >\"$HOME/input\"\nexit \"${ENDS_WITH:-0}\"\n";

const SEND: &str = "agent-send.sh";
const MESSAGE: &str = "send-message.sh";

/// A home with the installed scripts.
struct Scripts {
    fleet: Fleet,
}

/// The arguments and the input of one call of the program.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    arguments: Vec<String>,
    input: Vec<u8>,
}

impl Scripts {
    fn new() -> Self {
        let scripts = Self { fleet: Fleet::new() };
        for name in [SEND, MESSAGE] {
            let shipped = Binaries::workspace().join("framework/tools/tmux").join(name);
            scripts.fleet.install_script(&scripts.path(name), &fs::read_to_string(shipped).unwrap());
        }
        scripts.fleet.install_script(&scripts.fleet.mosaic_home().join("tools/fleet/mosaic"), STAND_IN);
        scripts
    }

    fn path(&self, name: &str) -> PathBuf {
        self.fleet.mosaic_home().join("tools/tmux").join(name)
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = self.fleet.command(self.path(name));
        command.env("TMUX", "/elsewhere/tmux-0/s,1,0").args(arguments);
        command
    }

    /// Runs a command that must succeed; returns the recorded call.
    fn call(&self, command: &mut Command) -> Call {
        let output = command.output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{command:?}");
        self.take().unwrap()
    }

    /// The same with standard input.
    fn call_with_input(&self, command: &mut Command, input: &[u8]) -> Call {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        assert!(child.wait().unwrap().success(), "{command:?}");
        self.take().unwrap()
    }

    /// Takes the last recorded call; `None` if the program was not started.
    fn take(&self) -> Option<Call> {
        let [arguments_file, input_file] = ["arguments", "input"].map(|name| self.fleet.home().join(name));
        let arguments = String::from_utf8(fs::read(&arguments_file).ok()?).unwrap();
        let arguments = arguments.split_terminator('\0').map(str::to_owned).collect();
        let call = Call { arguments, input: fs::read(&input_file).unwrap() };
        fs::remove_file(input_file).unwrap();
        fs::remove_file(self.fleet.home().join("arguments")).unwrap();
        Some(call)
    }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn each_flag_maps_to_its_mosaic_flag() {
    let scripts = Scripts::new();
    let table = [
        (SEND, "-s coder0", "--tmux-socket s --tmux-target =coder0: --without-prompt --quiet -"),
        (SEND, "-s coder0 -L other", "--tmux-socket other --tmux-target =coder0: --without-prompt --quiet -"),
        (SEND, "-scoder0 -v", "--tmux-socket s --tmux-target =coder0: --without-prompt --verify -"),
        (SEND, "-s %4", "--tmux-socket s --tmux-target %4 --without-prompt --quiet -"),
        (SEND, "-s =coder0", "--tmux-socket s --tmux-target =coder0 --without-prompt --quiet -"),
        (SEND, "-s coder0:0.0", "--tmux-socket s --tmux-target coder0:0.0 --without-prompt --quiet -"),
        (SEND, "-s coder0 -f -", "--tmux-socket s --tmux-target =coder0: --without-prompt --quiet -"),
        (SEND, "-s coder0 -f a/b", "--tmux-socket s --tmux-target =coder0: --without-prompt --quiet --file a/b"),
        (SEND, "-s coder0 -f -b", "--tmux-socket s --tmux-target =coder0: --without-prompt --quiet --file ./-b"),
        (SEND, "-s coder0 -r 0", "--tmux-socket s --tmux-target =coder0: --without-prompt --no-rescue --quiet -"),
        (SEND, "-s coder0 -r 00", "--tmux-socket s --tmux-target =coder0: --without-prompt --no-rescue --quiet -"),
        (SEND, "-s coder0 -r 10", "--tmux-socket s --tmux-target =coder0: --without-prompt --quiet -"),
        (SEND, "-s coder0 -m - -m last --", "--tmux-socket s --tmux-target =coder0: --without-prompt --quiet -"),
        (
            SEND,
            "-v -r 0 -S boss -n far -H me@far.example -L other -s coder0 -f x",
            "--tmux-socket other --tmux-target =coder0: --without-prompt --host me@far.example --host-label far \
             --source-label boss --no-rescue --verify --file x",
        ),
        (MESSAGE, "-t coder0", "--tmux-socket s --tmux-target coder0 --without-prompt --no-preamble --quiet -"),
        (MESSAGE, "-t =coder0:", "--tmux-socket s --tmux-target =coder0: --without-prompt --no-preamble --quiet -"),
        (
            MESSAGE,
            "-t coder0:0.0 -v",
            "--tmux-socket s --tmux-target coder0:0.0 --without-prompt --no-preamble --verify -",
        ),
        (MESSAGE, "-t %4 -f -", "--tmux-socket s --tmux-target %4 --without-prompt --no-preamble --quiet -"),
        (
            MESSAGE,
            "-r 0 -v -L other -f x -t %4",
            "--tmux-socket other --tmux-target %4 --without-prompt --no-preamble --no-rescue --verify --file x",
        ),
    ];
    for (script, given, expected) in table {
        let given: Vec<&str> = given.split(' ').collect();
        let call = scripts.call(&mut scripts.command(script, &given));
        assert_eq!(call.arguments, words(&format!("agent send {expected}")), "{script} {given:?}");
    }
}

#[test]
fn the_default_server_is_the_one_around_the_script_or_tmux_s_own() {
    let scripts = Scripts::new();
    let table = [
        (None, &[][..], "default"),
        (Some(""), &[], "default"),
        (Some("/x/tmux-0/own,7,0"), &[], "own"),
        (Some("/x/tmux-0/own,7,0"), &["-L", ""], "own"),
        (Some("/x/tmux-0/own,7,0"), &["-L", "other"], "other"),
        (Some("/x/no-name,7,0"), &["-L", "other"], "other"),
    ];
    for ((script, target), (variable, flag, expected)) in
        [(SEND, "-s"), (MESSAGE, "-t")].into_iter().flat_map(|script| table.map(|row| (script, row)))
    {
        let mut command = scripts.command(script, &[target, "coder0"]);
        // The fleet's own variable has no effect: the older scripts did not know it.
        command.env("MOSAIC_TMUX_SOCKET", "fleet");
        match variable {
            Some(server) => command.env("TMUX", server),
            None => command.env_remove("TMUX"),
        };
        assert_eq!(scripts.call(command.args(flag)).arguments[2..4], ["--tmux-socket", expected], "{script} {flag:?}");
    }
    for (script, target) in [(SEND, "-s"), (MESSAGE, "-t")] {
        let unnamed = scripts.command(script, &[target, "coder0"]).env("TMUX", "/x/no-name,7,0").output().unwrap();
        assert_eq!(unnamed.status.code(), Some(3), "{unnamed:?}");
        assert!(text(&unnamed.stderr).contains("use -L SOCKET"), "{unnamed:?}");
    }
    let mut remote = scripts.command(SEND, &["-s", "coder0", "-H", "far"]);
    assert_eq!(scripts.call(&mut remote).arguments[2..4], ["--tmux-socket", "default"], "it is another host's server");
}

#[test]
fn a_message_in_base64_is_decoded() {
    let scripts = Scripts::new();
    for (encoded, message) in
        [("aGVsbG8K", "hello\n"), ("w6QKJChpZCkK", "\u{e4}\n$(id)\n"), ("aGkg\nd29ybGQ=", "hi world")]
    {
        let call = scripts.call(&mut scripts.command(MESSAGE, &["-t", "coder0", "-b", encoded]));
        assert_eq!(text(&call.input), message, "{encoded}");
    }
    for wrong in [&["-b", "no base64!"][..], &["-b", "aGk=", "-m", "x"], &["-b", "aGk=", "-f", "x"]] {
        let output = scripts.command(MESSAGE, &[&["-t", "coder0"], wrong].concat()).output().unwrap();
        assert_eq!((output.status.code(), scripts.take()), (Some(3), None), "{wrong:?}: {output:?}");
    }
}

/// Runs the script as `ssh host bash -s -- … < send-message.sh` does there.
fn from_stdin(scripts: &Scripts, shell: &str, arguments: &[&str]) -> Command {
    let script = fs::File::open(scripts.path(MESSAGE)).unwrap();
    let mut command = scripts.fleet.command(shell);
    command.args(["-s", "--"]).args(arguments).stdin(script);
    command
}

#[test]
fn the_script_can_be_read_from_standard_input() {
    let scripts = Scripts::new();
    for shell in ["bash", "sh"] {
        // The program is found in the home.
        let call = scripts.call(from_stdin(&scripts, shell, &["-t", "coder0", "-b", "aGVsbG8="]).env_remove("TMUX"));
        assert_eq!(text(&call.input), "hello", "{shell}");
        let without_text = from_stdin(&scripts, shell, &["-t", "coder0"]).output().unwrap();
        assert_eq!((without_text.status.code(), scripts.take()), (Some(3), None), "{without_text:?}");
        assert!(text(&without_text.stderr).contains("the message has to be given with -b"), "{without_text:?}");
    }
}

#[test]
fn a_host_without_mosaic_types_by_tmux_alone_and_says_so() {
    let scripts = Scripts::new();
    let fleet = &scripts.fleet;
    fs::remove_file(fleet.mosaic_home().join("tools/fleet/mosaic")).unwrap();
    let file = fleet.root().join("typed");
    let opened = fleet.tmux_server(&["new-session", "-d", "-s", "notes", &format!("exec cat >'{}'", file.display())]);
    assert!(opened.status.success(), "{opened:?}");
    let socket = fleet.tmux_socket();
    let run = |target: &str| {
        let words = ["-L", socket, "-t", target, "-b", "b25lCnR3bw=="];
        from_stdin(&scripts, "bash", &words).env_remove("TMUX").output().unwrap()
    };
    let sent = run("notes");
    assert_eq!(sent.status.code(), Some(2), "{sent:?}");
    assert!(text(&sent.stderr).contains("typed by tmux alone"), "{sent:?}");
    let deadline = Deadline::default();
    while fs::read_to_string(&file).unwrap_or_default() != "one\ntwo\n" {
        assert!(!deadline.passed(), "{:?}", fs::read_to_string(&file));
    }
    let missing = run("note");
    assert_eq!(missing.status.code(), Some(1), "a name is not a prefix: {missing:?}");
}

#[test]
fn arguments_with_blanks_stay_one_argument() {
    let scripts = Scripts::new();
    let given = ["-s", "my notes", "-S", "$(id) 'a' \"b\"", "-n", "*", "-f", "with a blank"];
    let call = scripts.call(&mut scripts.command(SEND, &given));
    let mut expected = words("agent send --tmux-socket s --tmux-target");
    let rest = [
        "=my notes:",
        "--without-prompt",
        "--host-label",
        "*",
        "--source-label",
        "$(id) 'a' \"b\"",
        "--quiet",
        "--file",
        "with a blank",
    ];
    expected.extend(rest.map(str::to_owned));
    assert_eq!(call.arguments, expected);
}

#[test]
fn messages_pass_unchanged_and_on_no_command_line() {
    let scripts = Scripts::new();
    let long = "x".repeat(100_000);
    let messages = [
        "",
        " ",
        "one line",
        "two\nlines",
        "\n\nwith a newline at the end\n\n",
        "-n",
        "--help",
        "-",
        "%s %d %% %",
        "a\\nb\\tc\\\\d\\0e\\c after",
        "it's \"quoted\" `x`",
        "$(touch it) ${HOME} $HOME `touch it`",
        "* ? [a-z] ~ !! #",
        "a\tb\rc\u{1b}[31md\u{7}",
        "ÄÁā 日本語 😁\u{81}\u{88}",
        "& | ; < > ( ) { }",
        &long,
    ];
    for message in messages {
        for (script, target) in [(SEND, "-s"), (MESSAGE, "-t")] {
            let expected = scripts.call(&mut scripts.command(script, &[target, "coder0", "-f", "-"])).arguments;
            assert_eq!(expected.last().unwrap(), "-");
            let given = scripts.call(&mut scripts.command(script, &[target, "coder0", "-m", message]));
            assert_eq!((given.input.as_slice(), &given.arguments), (message.as_bytes(), &expected), "{message:?}");
            for source in [&[][..], &["-f", "-"]] {
                let mut command = scripts.command(script, &[target, "coder0"]);
                let piped = scripts.call_with_input(command.args(source), message.as_bytes());
                assert_eq!((piped.input.as_slice(), &piped.arguments), (message.as_bytes(), &expected), "{message:?}");
            }
        }
    }
    assert!(!scripts.fleet.home().join("it").exists());
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(scripts.call_with_input(&mut scripts.command(SEND, &["-s", "coder0"]), &bytes).input, bytes);
}

#[test]
fn exit_codes_map_to_the_documented_ones() {
    let scripts = Scripts::new();
    let table =
        [(0, 0), (1, 2), (2, 2), (64, 3), (69, 1), (70, 70), (74, 74), (75, 75), (77, 77), (78, 78), (130, 130)];
    for (ended, expected) in table {
        for (script, target) in [(SEND, "-s"), (MESSAGE, "-t")] {
            for source in [&["-m", "hello"][..], &["-f", "x"], &[]] {
                let mut command = scripts.command(script, &[target, "coder0"]);
                let output = command.args(source).env("ENDS_WITH", ended.to_string()).output().unwrap();
                assert_eq!(output.status.code(), Some(expected), "{script} {source:?} {ended}");
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn wrong_usage_exits_with_3_and_starts_nothing() {
    let scripts = Scripts::new();
    let table: [(&str, &[&str], &str); 17] = [
        (SEND, &[], "missing -s SESSION"),
        (SEND, &["-s", ""], "missing -s SESSION"),
        (SEND, &["-m", "hello"], "missing -s SESSION"),
        (SEND, &["-s"], "option -s requires a value"),
        (SEND, &["-s", "a", "-m"], "option -m requires a value"),
        (SEND, &["-s", "a", "-t", "b"], "unknown option -t"),
        (SEND, &["-s", "a", "--help"], "unknown option --"),
        (SEND, &["-s", "a", "-m", "hello", "world"], "unexpected argument 'world'"),
        (SEND, &["-s", "a", "-m", "x", "-f", "y"], "-m and -f cannot be combined"),
        (SEND, &["-s", "a", "-m", "", "-f", "-"], "-m and -f cannot be combined"),
        (SEND, &["-s", "a", "-r", "many"], "invalid value 'many' for -r"),
        (SEND, &["-s", "a", "-r", ""], "invalid value '' for -r"),
        (SEND, &["-s", "a", "-H", ""], "-H requires a host"),
        (SEND, &["-s", "a", "-f", ""], "-f requires a file"),
        (MESSAGE, &[], "missing -t TARGET"),
        (MESSAGE, &["-t", "a", "-H", "far"], "unknown option -H"),
        (MESSAGE, &["-t", "a", "-r", "-1"], "invalid value '-1' for -r"),
    ];
    for (script, given, reason) in table {
        let Output { status, stdout, stderr } = scripts.command(script, given).output().unwrap();
        let stderr_text = text(&stderr);
        assert_eq!((status.code(), stdout), (Some(3), Vec::new()), "{given:?}: {stderr_text}");
        assert!(stderr_text.starts_with(&format!("{script}: error: {reason}")), "{given:?}: {stderr_text}");
        assert!(stderr_text.contains(&format!("\nUsage: {script} ")), "{stderr_text}");
        assert_eq!(scripts.take(), None, "{given:?}");
    }
}

#[test]
fn the_usage_text_lists_every_flag() {
    let scripts = Scripts::new();
    for (script, flags) in [(SEND, "sLHnmfSrvh"), (MESSAGE, "tLmbfrvh")] {
        let output = scripts.command(script, &["-h"]).output().unwrap();
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
        let usage = text(&output.stdout);
        let call: String = usage.lines().filter_map(|line| line.strip_prefix("  -")?.chars().next()).collect();
        assert_eq!(call, flags, "{usage}");
        assert_eq!(scripts.take(), None);
    }
}

#[test]
fn output_of_the_program_is_passed_through() {
    let scripts = Scripts::new();
    let program = scripts.fleet.mosaic_home().join("tools/fleet/mosaic");
    scripts.fleet.install_script(&program, "#!/bin/sh\necho accepted\necho why >&2\n");
    let output = scripts.command(SEND, &["-s", "coder0", "-v", "-m", "hello"]).output().unwrap();
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("accepted\n".to_owned(), "why\n".to_owned()));
}

#[test]
fn the_installed_program_is_preferred_over_the_one_on_the_path() {
    let scripts = Scripts::new();
    let fleet = &scripts.fleet;
    let links = fleet.home().join("my links");
    fs::create_dir(&links).unwrap();
    let link = links.join("send");
    std::os::unix::fs::symlink(scripts.path(SEND), links.join("first")).unwrap();
    std::os::unix::fs::symlink("first", &link).unwrap();
    // A program on the path that must not be preferred.
    let path = fleet.home().join("bin");
    fleet.install_script(&path.join("mosaic"), "#!/bin/sh\nexit 99\n");
    let search_path = format!("{}:{}", path.display(), fleet.environment()["PATH"]);
    let call = |program: &PathBuf| {
        let mut command = fleet.command(program);
        command.env("PATH", &search_path).args(["-s", "coder0", "-m", "hello"]);
        command
    };
    assert_eq!(scripts.call(&mut call(&link)).input, b"hello");
    // Called by its name alone, from the path and from its directory.
    let by_name = format!("{}:{search_path}", links.display());
    assert_eq!(scripts.call(call(&PathBuf::from("send")).env("PATH", by_name)).input, b"hello");
    assert_eq!(scripts.call(call(&PathBuf::from("./send")).current_dir(&links)).input, b"hello");

    fs::remove_file(fleet.mosaic_home().join("tools/fleet/mosaic")).unwrap();
    assert_eq!(call(&link).output().unwrap().status.code(), Some(99));
    let neither = scripts.command(SEND, &["-s", "coder0"]).output().unwrap();
    assert_eq!(neither.status.code(), Some(127));
    let stderr_text = text(&neither.stderr);
    assert!(
        stderr_text.contains("/tools/fleet/mosaic") && stderr_text.contains("mosaic fleet install"),
        "{stderr_text}"
    );
}
