//! Adds a runtime by a profile of the site.
#![allow(clippy::unwrap_used, reason = "a test that panics names the line")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use mosaic_domain::MosaicHome;
use mosaic_runtimes::{LaunchContext, LaunchMode, LaunchRequest, ProfileLibrary, Screen, ScreenSign};

const FICTIONAL: &str = "
version: 1
programs: [crab]
launch:
  program: crab
  arguments: [--quiet]
  install: cargo install crab
  updater: {arguments: [self, update], install_version: [self, install]}
  unattended: {arguments: [--yes], environment: {CRAB_TRUST: all}}
  prompt: {option: --say}
composer: {kind: box, above: '^=+$', first: '^(.*)$', below: '^=+$'}
busy: '^ pinching'
dialogs: [{name: permission, line: '^ May I'}]
";

#[test]
fn a_site_adds_a_runtime_by_a_profile_alone() {
    let site = tempfile::tempdir().unwrap();
    let home = MosaicHome::from_environment(|_| Some(site.path().into())).unwrap();
    let profiles = site.path().join("fleet/runtimes");
    fs::create_dir_all(&profiles).unwrap();
    fs::write(profiles.join("crab.yaml"), FICTIONAL).unwrap();
    let program = site.path().join("crab");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let prompt = site.path().join("prompt.md");
    fs::write(&prompt, "go on\n").unwrap();

    // It is listed.
    let library = ProfileLibrary::new(&home);
    let names: Vec<String> = library.runtime_names().iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        ["claude", "codex", "pi", "opencode", "qwen", "copilot", "kimi", "gemini", "cline", "crab"],
        "expected the shipped runtimes, then the one of this site: if a profile with a `launch` section was added, adapt \
         this list, the one in profile_library.rs and `mosaic_roster::Roster::BUILT_IN_RUNTIMES`"
    );

    // It is launched.
    let crab = library.runtime(&"crab".parse().unwrap()).unwrap().unwrap();
    let context = LaunchContext {
        home: &home,
        mosaic: Path::new("/bin/mosaic"),
        working_directory: site.path(),
        variable: &|name| (name == "PATH").then(|| site.path().into()),
        is_root: true,
    };
    let request = |mode| LaunchRequest { mode, print_only: true, kickstart: None, arguments: &[] };
    let attended = crab.launch_command(&request(LaunchMode::Attended), &context).unwrap();
    assert_eq!(attended.shell_line(), format!("{} --quiet", program.display()));
    let prompted = LaunchRequest { kickstart: Some(&prompt), ..request(LaunchMode::Unattended) };
    let unattended = crab.launch_command(&prompted, &context).unwrap();
    assert_eq!(unattended.shell_line(), format!("CRAB_TRUST=all {} --quiet --yes '--say=go on'", program.display()));
    assert_eq!(crab.updater().unwrap().arguments, ["self", "update"]);

    // It is recognized by its screen.
    let profile = library.profile(&crab.name).unwrap();
    let sign = |text: &str| profile.sign_on(&Screen::from_text(text));
    assert_eq!(sign("hello\n=====\n\n====="), Some(ScreenSign::Ready));
    assert_eq!(sign(" pinching\n=====\n\n====="), Some(ScreenSign::Busy));
    assert_eq!(sign(" May I pinch?"), Some(ScreenSign::Dialog("permission".to_owned())));
}
