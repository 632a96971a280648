//! An install writes everything once, and preserves the files of the site.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::test_home::{TestHome, program};
use mosaic_provision::{GENERATED_HEADER, ProvisionError, Step, UNIT_FILES, uninstall};
use mosaic_systemd::UnitName;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn all_files_are_installed_with_private_modes() {
    let home = TestHome::with_variables(&[("XDG_RUNTIME_DIR", "{root}/run")]);
    home.install();
    let env = fs::read_to_string(home.env("coder0")).unwrap();
    for line in ["MOSAIC_AGENT_RUNTIME=codex", "MOSAIC_AGENT_CLASS=implementer", "MOSAIC_TMUX_SOCKET=mosaic-factory"] {
        assert!(env.lines().any(|there| there == line), "{line}\n{env}");
    }
    assert_eq!((mode(&home.env("coder0")), mode(&home.layout.agents())), (0o600, 0o700));
    assert_eq!(mode(&home.layout.tools().join("mosaic")), 0o755);
    let links = home.layout.links();
    assert_eq!(fs::read_to_string(links.join("mosaic-fleet")).unwrap(), "mosaic");
    assert_eq!(fs::read_to_string(links.join("mosaic")).unwrap(), "mosaic");
    let drop_in = home.layout.drop_in(&"mosaic-agent@coder0.service".parse().unwrap());
    assert!(fs::read_to_string(drop_in).unwrap().contains("MemoryMax=2G"));
    assert_eq!(fs::read_link(home.layout.run()).unwrap(), home.root().join("run/mosaic-fleet/run"));
    assert_eq!(mode(&home.layout.run()), 0o700);
    assert!(home.layout.schema().exists());
}

#[test]
fn a_second_install_has_nothing_to_do_with_another_path_either() {
    let mut home = TestHome::with_variables(&[("XDG_RUNTIME_DIR", "{root}/run")]);
    home.install();
    let tree = home.tree();
    let other = home.root().join("other");
    program(&other.join("claude"), "another one");
    program(&other.join("codex"), "another one");
    home.host.search_path = Some(other.into());
    let plan = home.plan();
    assert_eq!(plan.steps, []);
    assert_eq!(plan.lines(&home.layout)[0], "nothing to do");
    assert_eq!(home.tree(), tree);
}

#[test]
fn the_installed_program_can_run_an_install() {
    let mut home = TestHome::new();
    home.install();
    home.host.programs = home.layout.tools();
    assert_eq!(home.plan().steps, []);
}

#[test]
fn an_update_changes_only_what_differs() {
    let home = TestHome::new();
    home.install();
    program(&home.host.programs.join("agent-pane"), "a new one");
    let roster = home.layout.fleet().join("roster.yaml");
    fs::write(
        &roster,
        crate::test_home::ROSTER.replace("codex", "pi").replace("    limits:\n      memory_max: 2G\n", ""),
    )
    .unwrap();
    let plan = home.install();
    let lines: Vec<String> = plan.steps.iter().map(|step| step.line(&home.layout)).collect();
    let expected = [
        format!("copy    ~/.config/mosaic/tools/fleet/agent-pane   (from {}/agent-pane)", home.host.programs.display()),
        "write   ~/.config/mosaic/fleet/agents/coder0.env   (changed: MOSAIC_AGENT_RUNTIME)".to_owned(),
        "remove  ~/.config/systemd/user/mosaic-agent@coder0.service.d/50-mosaic-fleet.conf".to_owned(),
        "remove  ~/.config/systemd/user/mosaic-agent@coder0.service.d/   (if it is empty)".to_owned(),
        "record  ~/.config/mosaic/fleet/.installed.json".to_owned(),
    ];
    assert_eq!(lines, expected);
    assert_eq!(home.plan().steps, []);
}

#[test]
fn lines_of_the_site_in_an_env_file_are_kept_in_order() {
    let home = TestHome::new();
    fs::create_dir_all(home.layout.agents()).unwrap();
    let site =
        "# ours\nAPI_KEY=s3cret\nMOSAIC_AGENT_RUNTIME=pi\n; why\nMOSAIC_AGENT_COMMAND=claude --resume\nPATH=/site\n";
    fs::write(home.env("coder0"), site).unwrap();
    home.install();
    let text = fs::read_to_string(home.env("coder0")).unwrap();
    let kept = [
        "# ours",
        "API_KEY=s3cret",
        "MOSAIC_AGENT_RUNTIME=codex",
        "; why",
        "MOSAIC_AGENT_COMMAND=claude --resume",
        "PATH=/site",
    ];
    assert_eq!(text.lines().take(kept.len()).collect::<Vec<_>>(), kept);
    assert_eq!(mode(&home.env("coder0")), 0o600, "the mode was 0644");
    home.uninstall();
    let left = fs::read_to_string(home.env("coder0")).unwrap();
    assert_eq!(left, site.replace("MOSAIC_AGENT_RUNTIME=pi\n", ""));
}

#[test]
fn a_path_without_the_runtime_is_replaced_or_noted() {
    let mut home = TestHome::new();
    home.install();
    let recorded = |home: &TestHome| fs::read_to_string(home.env("coder0")).unwrap().contains("/elsewhere");
    let elsewhere = home.root().join("elsewhere");
    program(&elsewhere.join("codex"), "moved");
    fs::remove_file(home.root().join("bin/codex")).unwrap();
    home.host.search_path = Some(elsewhere.clone().into());
    let plan = home.install();
    assert!(recorded(&home));
    assert_eq!(plan.notes.iter().filter(|note| note.contains("cannot find")).count(), 0, "{:?}", plan.notes);

    fs::remove_file(elsewhere.join("codex")).unwrap();
    let plan = home.plan();
    assert_eq!(plan.steps, []);
    let note = plan.notes.iter().find(|note| note.starts_with("cannot find codex")).unwrap();
    assert!(note.contains("coder0") && note.contains("/elsewhere") && note.contains("install it"), "{note}");
}

#[test]
fn a_unit_of_the_site_is_backed_up_and_restored() {
    let home = TestHome::new();
    let [(holder, shipped), (agent, _), ..] = UNIT_FILES;
    let (unit, by_hand) = (home.layout.units().join(agent), home.layout.units().join(holder));
    fs::create_dir_all(home.layout.units()).unwrap();
    fs::write(&unit, "[Service]\nType=oneshot\nRemainAfterExit=yes\n").unwrap();
    // An unchanged copy of the shipped unit.
    fs::write(&by_hand, shipped).unwrap();
    let plan = home.install();
    assert!(fs::read_to_string(&unit).unwrap().starts_with(GENERATED_HEADER));
    assert!(fs::read_to_string(&by_hand).unwrap().starts_with(GENERATED_HEADER));
    let backups: Vec<_> = plan.steps.iter().filter(|step| matches!(step, Step::BackUp { .. })).collect();
    assert_eq!(backups.len(), 1, "{backups:?}");
    assert_eq!(home.plan().steps, []);
    home.uninstall();
    assert_eq!(fs::read_to_string(&unit).unwrap(), "[Service]\nType=oneshot\nRemainAfterExit=yes\n");
    assert!(!by_hand.exists());
}

#[test]
fn an_existing_program_of_the_same_name_stays() {
    let mut home = TestHome::new();
    program(&home.layout.links().join("mosaic"), "theirs");
    symlink("/theirs", home.layout.links().join("mosaic-agent")).unwrap();
    let plan = home.install();
    assert_eq!(fs::read_to_string(home.layout.links().join("mosaic")).unwrap(), "theirs");
    assert_eq!(fs::read_link(home.layout.links().join("mosaic-agent")).unwrap().to_str(), Some("/theirs"));
    assert_eq!(plan.notes.iter().filter(|note| note.contains("is another file and stays")).count(), 2);
    home.uninstall();
    assert_eq!(fs::read_to_string(home.layout.links().join("mosaic")).unwrap(), "theirs");

    fs::remove_file(home.layout.links().join("mosaic")).unwrap();
    let theirs = home.root().join("theirs");
    program(&theirs.join("mosaic"), "theirs");
    home.host.search_path = Some(theirs.into());
    let plan = home.install();
    assert!(!home.layout.links().join("mosaic").exists());
    assert!(plan.notes.iter().any(|note| note.contains("another program named mosaic")), "{:?}", plan.notes);
}

#[test]
fn a_drop_in_of_the_site_is_preserved() {
    let home = TestHome::new();
    let unit = "mosaic-agent@coder0.service".parse().unwrap();
    let own = home.layout.drop_in(&unit).with_file_name("override.conf");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "[Service]\nNice=5\n").unwrap();
    home.install();
    home.uninstall();
    assert_eq!(fs::read_to_string(own).unwrap(), "[Service]\nNice=5\n");
    assert!(!home.layout.drop_in(&unit).exists());
}

#[test]
fn an_uninstall_keeps_units_that_another_fleet_has_taken_over() {
    let home = TestHome::new();
    home.install();
    let unit = home.layout.units().join(UnitName::AGENT_TEMPLATE);
    let theirs = format!("{GENERATED_HEADER}[Service]\nEnvironment=\"MOSAIC_HOME=/srv/100%% theirs\"\n");
    fs::write(&unit, &theirs).unwrap();
    let running = [UnitName::holder(), "mosaic-agent@coder0.service".parse().unwrap()];
    let observed = uninstall::Observed::read(&home.layout, Some(running.clone().into()), running.into()).unwrap();
    let plan = uninstall::plan(&home.layout, &observed);
    assert!(plan.notes.iter().any(|note| note.contains("/srv/100% theirs")), "{:?}", plan.notes);
    let theirs_too = |step: &&Step| matches!(step, Step::Stop(_) | Step::Disable(_) | Step::SetLinger(_));
    assert_eq!(plan.steps.iter().find(theirs_too), None);
    home.execute(&plan.steps);
    assert_eq!(fs::read_to_string(unit).unwrap(), theirs);
    assert!(home.layout.units().join(UnitName::holder().as_str()).exists());
    assert!(!home.layout.tools().exists() && !home.layout.manifest().exists());
}

#[test]
fn an_uninstall_leaves_only_what_belongs_to_the_site() {
    let home = TestHome::new();
    home.install();
    let fleet = home.layout.fleet();
    for path in
        ["reporters/claude/hooks/hooks.json", "outbox/coder0/1f0c.json", "outbox/coder0/.waiting", "stopped/coder0"]
    {
        fs::create_dir_all(fleet.join(path).parent().unwrap()).unwrap();
        fs::write(fleet.join(path), "").unwrap();
    }
    fs::create_dir_all(fleet.join("runtimes")).unwrap();
    fs::write(fleet.join("runtimes/mine.yaml"), "").unwrap();
    home.uninstall();
    let left = fs::read_dir(&fleet).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut left: Vec<String> = left.filter(|name| name != ".lock" && name != "roster.yaml").collect();
    left.sort_unstable();
    assert_eq!(left, ["runtimes"]);
}

#[test]
fn an_uninstall_removes_files_before_it_writes() {
    let home = TestHome::new();
    fs::create_dir_all(home.layout.agents()).unwrap();
    fs::write(home.env("coder0"), "API_KEY=s3cret\n").unwrap();
    home.install();
    let steps = home.uninstall_plan().steps;
    let first_write = steps.iter().position(|step| matches!(step, Step::Write { .. })).unwrap();
    let program = Step::Remove(home.layout.tools().join("mosaic"));
    assert!(steps[..first_write].contains(&program), "{steps:?}");
}

#[test]
fn a_dangling_link_of_an_env_file_is_an_error() {
    let home = TestHome::new();
    fs::create_dir_all(home.layout.agents()).unwrap();
    symlink("/nowhere", home.env("coder0")).unwrap();
    let everything = mosaic_provision::install::Scope::Everything;
    let refused = mosaic_provision::install::prepare(&home.layout, &home.roster(), &everything, &home.host);
    assert!(refused.unwrap_err().to_string().contains("cannot follow the link"));
}

#[test]
fn a_missing_program_is_an_error_before_anything_is_written() {
    let home = TestHome::new();
    fs::remove_file(home.host.programs.join("agent-pane")).unwrap();
    let tree = home.tree();
    let refused = mosaic_provision::install::prepare(
        &home.layout,
        &home.roster(),
        &mosaic_provision::install::Scope::Everything,
        &home.host,
    );
    let error = refused.unwrap_err();
    assert!(matches!(error, ProvisionError::MissingPrograms { .. }));
    assert!(error.to_string().contains("agent-pane"), "{error}");
    assert_eq!(home.tree(), tree);
}

#[test]
fn a_running_sidecar_of_the_bash_launcher_is_noted_with_its_process() {
    let home = TestHome::new();
    home.install();
    let beat = home.layout.run().join("coder0.hb");
    fs::create_dir_all(home.layout.run()).unwrap();
    fs::write(&beat, "ts=2026-11-20T14:58:08+0000\npid=1\nstatus=ok\n").unwrap();
    let note_of = |home: &TestHome| home.plan().notes.into_iter().find(|note| note.contains("bash launcher"));
    let writer = format!("hb='{}'; echo ready; read -r _", beat.display());
    let mut command = Command::new("bash");
    command.args(["-c", &writer]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut sidecar = command.spawn().unwrap();
    // The command line is readable only after `exec`.
    let mut output = String::new();
    BufReader::new(sidecar.stdout.take().unwrap()).read_line(&mut output).unwrap();
    assert_eq!(output, "ready\n");
    let note = note_of(&home).unwrap();
    sidecar.kill().unwrap();
    sidecar.wait().unwrap();
    assert!(note.contains("coder0") && note.contains(&format!("PID {}", sidecar.id())), "{note}");

    let long_ago = SystemTime::now() - Duration::from_mins(10);
    File::options().write(true).open(&beat).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(note_of(&home), None);
}
