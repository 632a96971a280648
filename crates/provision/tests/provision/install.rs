//! An install puts everything in place, once, and takes nothing of a site's away.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use mosaic_provision::{GENERATED, Step, UNIT_FILES, uninstall};
use mosaic_systemd::UnitName;
use world::{World, program};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn everything_is_put_in_place_for_its_owner_alone() {
    let world = World::below(&[("XDG_RUNTIME_DIR", "{root}/run")]);
    world.install();
    let env = fs::read_to_string(world.env("coder0")).unwrap();
    for line in ["MOSAIC_AGENT_RUNTIME=codex", "MOSAIC_AGENT_CLASS=implementer", "MOSAIC_TMUX_SOCKET=mosaic-factory"] {
        assert!(env.lines().any(|there| there == line), "{line}\n{env}");
    }
    assert_eq!((mode(&world.env("coder0")), mode(&world.layout.agents())), (0o600, 0o700));
    assert_eq!(mode(&world.layout.tools().join("mosaic")), 0o755);
    let links = world.layout.links();
    assert_eq!(fs::read_to_string(links.join("mosaic-fleet")).unwrap(), "mosaic");
    assert_eq!(fs::read_to_string(links.join("mosaic")).unwrap(), "mosaic");
    let drop_in = world.layout.drop_in(&"mosaic-agent@coder0.service".parse().unwrap());
    assert!(fs::read_to_string(drop_in).unwrap().contains("MemoryMax=2G"));
    assert_eq!(fs::read_link(world.layout.run()).unwrap(), world.root().join("run/mosaic-fleet/run"));
    assert_eq!(mode(&world.layout.run()), 0o700);
    assert!(world.layout.schema().exists());
}

#[test]
fn a_second_install_has_nothing_to_do_from_another_shell_either() {
    let mut world = World::below(&[("XDG_RUNTIME_DIR", "{root}/run")]);
    world.install();
    let tree = world.tree();
    let other = world.root().join("other");
    program(&other.join("claude"), "another one");
    program(&other.join("codex"), "another one");
    world.surroundings.search_path = Some(other.into());
    let plan = world.plan();
    assert_eq!(plan.steps, []);
    assert_eq!(plan.lines(&world.layout)[0], "nothing to do");
    assert_eq!(world.tree(), tree);
}

#[test]
fn the_installed_program_can_install() {
    let mut world = World::new();
    world.install();
    world.surroundings.programs = world.layout.tools();
    assert_eq!(world.plan().steps, []);
}

#[test]
fn an_update_changes_what_is_new_and_nothing_else() {
    let world = World::new();
    world.install();
    program(&world.surroundings.programs.join("agent-pane"), "a new one");
    let roster = world.layout.fleet().join("roster.yaml");
    fs::write(&roster, world::ROSTER.replace("codex", "pi").replace("    limits:\n      memory_max: 2G\n", ""))
        .unwrap();
    let plan = world.install();
    let lines: Vec<String> = plan.steps.iter().map(|step| step.line(&world.layout)).collect();
    let expected = [
        format!(
            "copy    ~/.config/mosaic/tools/fleet/agent-pane   (from {}/agent-pane)",
            world.surroundings.programs.display()
        ),
        "write   ~/.config/mosaic/fleet/agents/coder0.env   (changed: MOSAIC_AGENT_RUNTIME)".to_owned(),
        "remove  ~/.config/systemd/user/mosaic-agent@coder0.service.d/50-mosaic-fleet.conf".to_owned(),
        "remove  ~/.config/systemd/user/mosaic-agent@coder0.service.d/   (if it is empty)".to_owned(),
        "record  ~/.config/mosaic/fleet/.installed.json".to_owned(),
    ];
    assert_eq!(lines, expected);
    assert_eq!(world.plan().steps, []);
}

#[test]
fn what_a_site_wrote_into_an_env_file_is_kept_in_order() {
    let world = World::new();
    fs::create_dir_all(world.layout.agents()).unwrap();
    let site =
        "# ours\nAPI_KEY=s3cret\nMOSAIC_AGENT_RUNTIME=pi\n; why\nMOSAIC_AGENT_COMMAND=claude --resume\nPATH=/site\n";
    fs::write(world.env("coder0"), site).unwrap();
    world.install();
    let text = fs::read_to_string(world.env("coder0")).unwrap();
    let kept = [
        "# ours",
        "API_KEY=s3cret",
        "MOSAIC_AGENT_RUNTIME=codex",
        "; why",
        "MOSAIC_AGENT_COMMAND=claude --resume",
        "PATH=/site",
    ];
    assert_eq!(text.lines().take(kept.len()).collect::<Vec<_>>(), kept);
    assert_eq!(mode(&world.env("coder0")), 0o600, "it was open");
    world.uninstall();
    let left = fs::read_to_string(world.env("coder0")).unwrap();
    assert_eq!(left, site.replace("MOSAIC_AGENT_RUNTIME=pi\n", ""));
}

#[test]
fn a_path_that_no_longer_finds_the_runtime_is_recorded_anew_and_one_that_never_did_is_told() {
    let mut world = World::new();
    world.install();
    let recorded = |world: &World| fs::read_to_string(world.env("coder0")).unwrap().contains("/elsewhere");
    let elsewhere = world.root().join("elsewhere");
    program(&elsewhere.join("codex"), "moved");
    fs::remove_file(world.root().join("bin/codex")).unwrap();
    world.surroundings.search_path = Some(elsewhere.clone().into());
    let plan = world.install();
    assert!(recorded(&world));
    assert_eq!(plan.notes.iter().filter(|note| note.contains("is not found")).count(), 0, "{:?}", plan.notes);

    fs::remove_file(elsewhere.join("codex")).unwrap();
    let plan = world.plan();
    assert_eq!(plan.steps, []);
    let note = plan.notes.iter().find(|note| note.starts_with("codex is not found")).unwrap();
    assert!(note.contains("coder0") && note.contains("/elsewhere") && note.contains("install it"), "{note}");
}

#[test]
fn a_sites_own_unit_is_kept_aside_and_comes_back() {
    let world = World::new();
    let [(holder, shipped), (agent, _), ..] = UNIT_FILES;
    let (unit, by_hand) = (world.layout.units().join(agent), world.layout.units().join(holder));
    fs::create_dir_all(world.layout.units()).unwrap();
    fs::write(&unit, "[Service]\nType=oneshot\nRemainAfterExit=yes\n").unwrap();
    // As the README had people copy it.
    fs::write(&by_hand, shipped).unwrap();
    let plan = world.install();
    assert!(fs::read_to_string(&unit).unwrap().starts_with(GENERATED));
    assert!(fs::read_to_string(&by_hand).unwrap().starts_with(GENERATED));
    let kept: Vec<_> = plan.steps.iter().filter(|step| matches!(step, Step::KeepAside { .. })).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(world.plan().steps, []);
    world.uninstall();
    assert_eq!(fs::read_to_string(&unit).unwrap(), "[Service]\nType=oneshot\nRemainAfterExit=yes\n");
    assert!(!by_hand.exists());
}

#[test]
fn a_name_that_is_taken_stays_with_its_owner() {
    let mut world = World::new();
    program(&world.layout.links().join("mosaic"), "theirs");
    symlink("/theirs", world.layout.links().join("mosaic-agent")).unwrap();
    let plan = world.install();
    assert_eq!(fs::read_to_string(world.layout.links().join("mosaic")).unwrap(), "theirs");
    assert_eq!(fs::read_link(world.layout.links().join("mosaic-agent")).unwrap().to_str(), Some("/theirs"));
    assert_eq!(plan.notes.iter().filter(|note| note.contains("is not ours and stays")).count(), 2);
    world.uninstall();
    assert_eq!(fs::read_to_string(world.layout.links().join("mosaic")).unwrap(), "theirs");

    fs::remove_file(world.layout.links().join("mosaic")).unwrap();
    let theirs = world.root().join("theirs");
    program(&theirs.join("mosaic"), "theirs");
    world.surroundings.search_path = Some(theirs.into());
    let plan = world.install();
    assert!(!world.layout.links().join("mosaic").exists());
    assert!(plan.notes.iter().any(|note| note.contains("another mosaic")), "{:?}", plan.notes);
}

#[test]
fn a_drop_in_of_a_sites_own_is_not_touched() {
    let world = World::new();
    let unit = "mosaic-agent@coder0.service".parse().unwrap();
    let own = world.layout.drop_in(&unit).with_file_name("override.conf");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "[Service]\nNice=5\n").unwrap();
    world.install();
    world.uninstall();
    assert_eq!(fs::read_to_string(own).unwrap(), "[Service]\nNice=5\n");
    assert!(!world.layout.drop_in(&unit).exists());
}

#[test]
fn units_that_another_fleet_has_taken_over_stay_when_this_one_goes() {
    let world = World::new();
    world.install();
    let unit = world.layout.units().join(UnitName::AGENT_TEMPLATE);
    let theirs = format!("{GENERATED}[Service]\nEnvironment=\"MOSAIC_HOME=/srv/100%% theirs\"\n");
    fs::write(&unit, &theirs).unwrap();
    let running = [UnitName::holder(), "mosaic-agent@coder0.service".parse().unwrap()];
    let seen = uninstall::Seen::look(&world.layout, Some(running.clone().into()), running.into()).unwrap();
    let plan = uninstall::plan(&world.layout, &seen);
    assert!(plan.notes.iter().any(|note| note.contains("/srv/100% theirs")), "{:?}", plan.notes);
    let theirs_too = |step: &&Step| matches!(step, Step::Stop(_) | Step::Disable(_) | Step::Linger(_));
    assert_eq!(plan.steps.iter().find(theirs_too), None);
    world.execute(&plan.steps);
    assert_eq!(fs::read_to_string(unit).unwrap(), theirs);
    assert!(world.layout.units().join(UnitName::holder().as_str()).exists());
    assert!(!world.layout.tools().exists() && !world.layout.manifest().exists());
}

#[test]
fn an_uninstall_makes_room_before_it_writes() {
    let world = World::new();
    fs::create_dir_all(world.layout.agents()).unwrap();
    fs::write(world.env("coder0"), "API_KEY=s3cret\n").unwrap();
    world.install();
    let steps = world.uninstall_plan().steps;
    let first_write = steps.iter().position(|step| matches!(step, Step::Write { .. })).unwrap();
    let program = Step::Remove(world.layout.tools().join("mosaic"));
    assert!(steps[..first_write].contains(&program), "{steps:?}");
}

#[test]
fn an_env_file_whose_link_leads_nowhere_is_told_as_such() {
    let world = World::new();
    fs::create_dir_all(world.layout.agents()).unwrap();
    symlink("/nowhere", world.env("coder0")).unwrap();
    let everything = mosaic_provision::install::Scope::Everything;
    let refused = mosaic_provision::install::prepare(&world.layout, &world.roster(), &everything, &world.surroundings);
    assert!(refused.unwrap_err().to_string().contains("cannot follow the link"));
}

#[test]
fn what_is_not_beside_the_running_program_cannot_be_installed() {
    let world = World::new();
    fs::remove_file(world.surroundings.programs.join("agent-pane")).unwrap();
    let tree = world.tree();
    let refused = mosaic_provision::install::prepare(
        &world.layout,
        &world.roster(),
        &mosaic_provision::install::Scope::Everything,
        &world.surroundings,
    );
    let error = refused.unwrap_err();
    assert_eq!(error.exit_code(), mosaic_domain::ExitCode::Unavailable);
    assert!(error.to_string().contains("agent-pane"), "{error}");
    assert_eq!(world.tree(), tree);
}

#[test]
fn a_sidecar_of_the_bash_launcher_that_still_writes_is_told_with_its_process() {
    let world = World::new();
    world.install();
    let beat = world.layout.run().join("coder0.hb");
    fs::create_dir_all(world.layout.run()).unwrap();
    fs::write(&beat, "ts=2026-11-20T14:58:08+0000\npid=1\nstatus=ok\n").unwrap();
    let told = |world: &World| world.plan().notes.into_iter().find(|note| note.contains("bash launcher"));
    let writer = format!("hb='{}'; echo ready; read -r _", beat.display());
    let mut command = Command::new("bash");
    command.args(["-c", &writer]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut sidecar = command.spawn().unwrap();
    // A process is there a moment before its command line can be read.
    let mut said = String::new();
    BufReader::new(sidecar.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "ready\n");
    let note = told(&world).unwrap();
    sidecar.kill().unwrap();
    sidecar.wait().unwrap();
    assert!(note.contains("coder0") && note.contains(&format!("PID {}", sidecar.id())), "{note}");

    let long_ago = SystemTime::now() - Duration::from_mins(10);
    File::options().write(true).open(&beat).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(told(&world), None);
}
