//! `mosaic RUNTIME` and `mosaic yolo RUNTIME` replace their process with the runtime.

use mosaic_harness::{Binaries, Fleet};
use std::process::{Command, Output, Stdio};

/// A fleet in which every runtime is a script that prints its PID, name, arguments and permissions.
fn fleet() -> Fleet {
    let fleet = Fleet::new();
    for name in ["claude", "codex", "pi", "opencode", "site-agent"] {
        let script = "#!/bin/sh\necho \"$$ ${0##*/} $* [$OPENCODE_PERMISSION]\"\nexit 5\n";
        fleet.install_script(&fleet.home().join("bin").join(name), script);
    }
    fleet
}

fn mosaic(fleet: &Fleet, words: &[&str]) -> Command {
    let path = format!("{}:{}", fleet.home().join("bin").display(), fleet.environment()["PATH"]);
    let mut command = fleet.command(Binaries::mosaic());
    command.env("PATH", path).args(words);
    command
}

/// The name and arguments of the runtime, which must have replaced `mosaic` in its process.
fn executed(fleet: &Fleet, words: &[&str]) -> String {
    let child = mosaic(fleet, words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id().to_string();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5), "the exit code must be the runtime's: {output:?}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let (runtime_pid, rest) = stdout.trim_end().split_once(' ').unwrap();
    assert_eq!(runtime_pid, pid, "the process must be mosaic's: {stdout}");
    rest.to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_process_becomes_the_runtime_with_its_flags_and_arguments() {
    let fleet = fleet();
    let table: [(&[&str], &str); 9] = [
        (&["claude"], "claude --permission-mode manual []"),
        (&["claude", "--resume"], "claude --permission-mode manual --resume []"),
        (&["claude", "--", "--help"], "claude --permission-mode manual --help []"),
        (
            &["yolo", "claude"],
            "claude --dangerously-skip-permissions --settings {\"skipDangerousModePermissionPrompt\":true} []",
        ),
        (
            &["yolo", "claude", "--", "-c"],
            "claude --dangerously-skip-permissions --settings {\"skipDangerousModePermissionPrompt\":true} -c []",
        ),
        (
            &["yolo", "codex", "resume", "--last"],
            "codex --no-daemon --dangerously-bypass-approvals-and-sandbox -c check_for_update_on_startup=false resume --last []",
        ),
        (&["yolo", "pi", "--offline"], "pi --approve --no-skills --offline []"),
        (&["pi", "list"], "pi list []"),
        (&["yolo", "opencode"], "opencode  [{\"*\":\"allow\"}]"),
    ];
    for (words, expected) in table {
        assert_eq!(executed(&fleet, words), expected, "{words:?}");
    }
}

#[test]
fn the_kickstart_prompt_is_passed_in_each_runtimes_form() {
    let fleet = fleet();
    let task = fleet.home().join("task.md");
    std::fs::write(&task, "-rebase it\n").unwrap();
    let file = task.to_str().unwrap();
    let table: [(&[&str], &str); 4] = [
        (&["claude", "--kickstart", file, "--", "-c"], "claude --permission-mode manual -c -- -rebase it []"),
        (
            &["yolo", "codex", "--kickstart", file],
            "codex --no-daemon --dangerously-bypass-approvals-and-sandbox -c check_for_update_on_startup=false -- -rebase it []",
        ),
        (&["pi", "--kickstart", file], "pi --no-skills \n-rebase it []"),
        (&["opencode", "--kickstart", file], "opencode --prompt=-rebase it []"),
    ];
    for (words, expected) in table {
        assert_eq!(executed(&fleet, words), expected, "{words:?}");
    }
    for (words, code, message) in [
        (&["yolo", "pi", "--kickstart", "/nonexistent"][..], 74, "/nonexistent"),
        (&["yolo", "pi", "--kickstart"], 64, "needs a FILE"),
        (&["pi", "--kickstart="], 64, "needs a FILE"),
    ] {
        let output = mosaic(&fleet, words).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {output:?}");
        assert!(stderr(&output).contains(message), "{words:?}: {output:?}");
    }
}

#[test]
fn print_command_prints_the_command_line() {
    let fleet = fleet();
    let output = mosaic(&fleet, &["yolo", "claude", "--print-command", "--", "a b"]).output().unwrap();
    let line = format!(
        "{} --dangerously-skip-permissions --settings '{{\"skipDangerousModePermissionPrompt\":true}}' 'a b'\n",
        fleet.home().join("bin/claude").display()
    );
    assert_eq!((output.status.code(), String::from_utf8(output.stdout).unwrap()), (Some(0), line));
}

#[test]
fn a_missing_runtime_is_reported_with_the_path_and_the_install_command() {
    let fleet = fleet();
    let output = mosaic(&fleet, &["yolo", "codex"]).env("PATH", "/nonexistent:/usr/bin").output().unwrap();
    assert_eq!(output.status.code(), Some(69));
    let stderr = stderr(&output);
    assert!(stderr.contains("/nonexistent:/usr/bin") && stderr.contains("npm install -g @openai/codex"), "{stderr}");
}

#[test]
fn a_roster_runtime_runs_its_command_line() {
    let fleet = fleet();
    let directory = fleet.mosaic_home().join("fleet");
    std::fs::create_dir_all(&directory).unwrap();
    let roster = "version: 1\ntransport: tmux\nruntimes:\n  mine:\n    command: OPENCODE_PERMISSION=x site-agent --all\n\
                  agents:\n  - name: coder0\n    runtime: mine\n    class: implementer\n";
    std::fs::write(directory.join("roster.yaml"), roster).unwrap();
    assert_eq!(executed(&fleet, &["yolo", "mine", "--model", "a b"]), "site-agent --all --model a b [x]");
    assert_eq!(executed(&fleet, &["mine"]), "site-agent --all [x]");
}

#[test]
fn the_rosters_command_wins_over_the_sites_profile() {
    let fleet = fleet();
    let directory = fleet.mosaic_home().join("fleet");
    std::fs::create_dir_all(directory.join("runtimes")).unwrap();
    let profile = directory.join("runtimes/aider.yaml");
    let launch = "version: 1\ncomposer: {kind: line, prompt: x}\nlaunch: {program: codex}\n";
    let write_roster = |command: &str| {
        let roster = format!(
            "version: 1\ntransport: tmux\nruntimes:\n  aider: {command}\nagents:\n  - name: coder0\n    runtime: aider\n    \
             class: implementer\n"
        );
        std::fs::write(directory.join("roster.yaml"), roster).unwrap();
    };
    let line = || {
        let output = mosaic(&fleet, &["yolo", "aider", "--print-command"]).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), stderr(&output))
    };
    let site_agent = "{command: site-agent --all}";

    std::fs::write(&profile, launch).unwrap();
    write_roster(site_agent);
    assert!(line().1.contains("site-agent --all"), "{:?}", line());
    write_roster("{command: mosaic yolo aider}");
    assert!(line().1.contains("codex"), "{:?}", line());

    std::fs::write(&profile, format!("{launch}bogus: 1\n")).unwrap();
    write_roster(site_agent);
    let (code, command, notice) = line();
    assert!(code == Some(0) && command.contains("site-agent --all"), "{command}{notice}");
    assert!(notice.contains("WARNING: ") && notice.contains("bogus"), "{notice}");
    std::fs::remove_file(directory.join("roster.yaml")).unwrap();
    let (code, _, error) = line();
    assert!(code != Some(0) && error.contains("bogus"), "{error}");
}

#[test]
fn a_misspelled_command_gets_a_suggestion() {
    let fleet = fleet();
    for (word, suggestion) in [("flet", "fleet"), ("cladue", "claude"), ("agnet", "agent")] {
        let output = mosaic(&fleet, &[word, "ps"]).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        let stderr = stderr(&output);
        assert!(
            stderr.contains(&format!("did you mean {suggestion}?")) && stderr.contains("claude, codex, pi, opencode"),
            "{stderr}"
        );
    }
}

#[test]
fn pi_gets_the_selected_skills_before_the_users_arguments() {
    let fleet = fleet();
    let home = fleet.mosaic_home();
    for skill in ["skills/mosaic-tools", "skills/review", "skills-local/mine"] {
        std::fs::create_dir_all(home.join(skill)).unwrap();
        std::fs::write(home.join(skill).join("SKILL.md"), "").unwrap();
    }
    let skills = |names: &[&str]| {
        let given = names.iter().map(|name| format!(" --skill {}", home.join(name).display()));
        given.collect::<String>()
    };
    let (all, forced) = (["skills-local/mine", "skills/mosaic-tools", "skills/review"], ["skills/review"]);
    let table = [
        (vec![], format!("pi --no-skills{} -c []", skills(&["skills/mosaic-tools"]))),
        (vec![("MOSAIC_PI_FORCE_SKILLS", "review:../review:gone")], format!("pi --no-skills{} -c []", skills(&forced))),
        (vec![("MOSAIC_PI_FORCE_SKILLS", "")], "pi --no-skills -c []".to_owned()),
        (vec![("MOSAIC_PI_SKILL_MODE", "all")], format!("pi --no-skills{} -c []", skills(&all))),
        (vec![("MOSAIC_PI_SKILL_MODE", "discover")], format!("pi{} -c []", skills(&["skills/mosaic-tools"]))),
    ];
    for (variables, expected) in table {
        for words in [&["pi", "-c"][..], &["yolo", "pi", "-c"]] {
            let output =
                mosaic(&fleet, words).envs(variables.iter().copied()).current_dir(fleet.home()).output().unwrap();
            let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
            let expected = match words[0] {
                "yolo" => expected.replacen("pi", "pi --approve", 1),
                _ => expected.clone(),
            };
            assert_eq!(stdout.trim_end().split_once(' ').unwrap().1, expected, "{words:?} {variables:?}");
            let is_invalid = variables.iter().any(|(_, value)| value.contains("../"));
            assert_eq!(
                stderr(&output).contains("'../review', which cannot be the name of a skill"),
                is_invalid,
                "{output:?}"
            );
        }
    }
    let output = mosaic(&fleet, &["yolo", "pi"]).env("MOSAIC_PI_SKILL_MODE", "some").output().unwrap();
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    let stderr = stderr(&output);
    assert!(stderr.contains("MOSAIC_PI_SKILL_MODE is 'some'") && stderr.contains("all or discover"), "{stderr}");
}

#[test]
fn pi_and_opencode_load_the_reporter_and_keep_their_configuration() {
    let fleet = fleet();
    let script = "#!/bin/sh\necho \"$$ $* [$OPENCODE_CONFIG_CONTENT] [$MOSAIC_REPORTER]\"\nexit 5\n";
    for name in ["pi", "opencode"] {
        fleet.install_script(&fleet.home().join("bin").join(name), script);
    }
    let reporters = fleet.mosaic_home().join("fleet/reporters");
    // The package that opencode otherwise installs by itself and waits for.
    let config = fleet.home().join("config");
    std::fs::create_dir_all(config.join("opencode/node_modules/@opencode-ai/plugin")).unwrap();
    std::fs::write(config.join("opencode/package-lock.json"), "").unwrap();
    let mosaic_path = Binaries::mosaic();
    let (directory, program) = (reporters.display(), mosaic_path.display());
    let extension = format!("--extension {directory}/pi.js");
    let plugin = format!(r#""plugin":["file://{directory}/opencode.js"]}}"#);
    let table = [
        (
            vec!["yolo", "pi", "-e", "mine.ts"],
            "",
            format!("{extension} --approve --no-skills -e mine.ts [] [{program}]"),
        ),
        (vec!["pi", "list"], "", "list [] []".to_owned()),
        (vec!["opencode", "."], "", format!(". [{{{plugin}] [{program}]")),
        (vec!["opencode"], r#"{"b":1,"a":2}"#, format!(r#" [{{"b":1,"a":2,{plugin}] [{program}]"#)),
        (vec!["opencode"], "{,", " [{,] []".to_owned()),
    ];
    for (words, existing, expected) in table {
        let mut command = mosaic(&fleet, &words);
        command
            .env("MOSAIC_AGENT_NAME", "coder0")
            .env_remove("MOSAIC_REPORTER")
            .env("OPENCODE_CONFIG_CONTENT", existing);
        command.env("XDG_CONFIG_HOME", &config).current_dir(fleet.home());
        let stdout = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert_eq!(stdout.trim_end().split_once(' ').unwrap().1, expected, "{words:?} {existing}");
    }
    for name in ["pi.js", "opencode.js"] {
        let text = std::fs::read_to_string(reporters.join(name)).unwrap();
        assert_eq!(text.matches("export default").count(), 1, "{name}");
    }
}
