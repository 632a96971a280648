//! Every mode, with real directories and links.

use super::{SkillMode, is_skill_name, read_skills, skill_arguments};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

/// Makes skills in all directories, some of them twice.
fn skill_directories() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let skills = [
        "m/skills/mosaic-tools",
        "m/skills/review",
        "m/skills/both",
        "m/skills-local/both",
        "m/skills-local/mine",
        "w/.pi/skills/project",
        "w/.pi/skills/review",
        "w/.pi/skills/only-there",
        "h/.pi/agent/skills/user",
        "h/.pi/agent/skills/project",
        "other/skills/other",
        "x/real",
        "outside",
    ];
    for skill in skills {
        let skill = root.path().join(skill);
        fs::create_dir_all(&skill).unwrap();
        fs::write(skill.join("SKILL.md"), "").unwrap();
    }
    fs::create_dir_all(root.path().join("m/skills/empty")).unwrap();
    for (link, to) in [
        ("m/skills/linked", "../../x/real"),
        ("m/skills/linked-twice", "../../x/real"),
        ("m/skills/dangling", "nowhere"),
        ("m/skills/cycle", "cycle"),
        ("h/.pi/agent/skills/tools", "../../../../m/skills/mosaic-tools"),
        ("h/.pi/agent/skills/user-again", "user"),
    ] {
        symlink(to, root.path().join(link)).unwrap();
    }
    root
}

/// Returns the arguments, each `--skill PATH` as the path alone, relative to the root.
fn selected(root: &Path, further: &[&str], variables: &[(&str, &str)]) -> (String, Option<String>) {
    let further: Vec<OsString> = further.iter().map(OsString::from).collect();
    let home = root.join("h");
    let variable = |wanted: &str| {
        let set = variables.iter().rev().find(|(name, _)| *name == wanted).map(|(_, value)| OsString::from(*value));
        set.or_else(|| (wanted == "HOME").then(|| home.clone().into_os_string()))
    };
    let (arguments, trouble) = skill_arguments(&root.join("m"), &root.join("w"), &further, variable).unwrap();
    let prefix = format!("{}/", root.display());
    let words = arguments.iter().map(|word| word.to_str().unwrap().replace(&prefix, ""));
    (words.collect::<Vec<_>>().join(" ").replace("--skill ", ""), trouble)
}

const MODE: &str = "MOSAIC_PI_SKILL_MODE";
const FORCED: &str = "MOSAIC_PI_FORCE_SKILLS";

#[test]
fn each_mode_selects_its_skills_once_each() {
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a str);
    let root = skill_directories();
    let fleet = "m/skills-local/both m/skills-local/mine m/skills/linked m/skills/mosaic-tools m/skills/review";
    let project = "w/.pi/skills/only-there w/.pi/skills/project";
    let all = format!("--no-skills {fleet} {project} h/.pi/agent/skills/user");
    let elsewhere = format!("--no-skills {fleet} {project} other/skills/other");
    let homeless = format!("--no-skills {fleet} {project}");
    let other = root.path().join("other");
    let other = other.to_str().unwrap();
    let table: [Case<'_>; 26] = [
        (&[], &[], "--no-skills m/skills/mosaic-tools"),
        (&[(MODE, "")], &[], "--no-skills m/skills/mosaic-tools"),
        (&[(FORCED, "")], &[], "--no-skills"),
        (&[(FORCED, "review:mine")], &[], "--no-skills m/skills/review m/skills-local/mine"),
        (&[(FORCED, "both")], &[], "--no-skills m/skills-local/both"),
        (&[(FORCED, "gone:empty:dangling:cycle: review :")], &[], "--no-skills m/skills/review"),
        (&[(FORCED, "review:review:linked:linked-twice")], &[], "--no-skills m/skills/review m/skills/linked"),
        // A project cannot replace a missing skill by its own, and a name cannot leave the directory.
        (&[(FORCED, "only-there:user")], &[], "--no-skills"),
        (&[(FORCED, "../../outside:a/b:..:/")], &[], "--no-skills"),
        (&[], &["--no-skills"], "m/skills/mosaic-tools"),
        (&[], &["-ns", "--skill", "x"], "m/skills/mosaic-tools"),
        (&[], &["--resume"], "--no-skills m/skills/mosaic-tools"),
        (&[(MODE, "none")], &[], "--no-skills"),
        (&[(MODE, "none"), (FORCED, "review")], &[], "--no-skills m/skills/review"),
        (&[(MODE, "all")], &[], &all),
        (&[(MODE, "all"), (FORCED, "")], &[], &all),
        (&[(MODE, "all")], &["-ns"], all.strip_prefix("--no-skills ").unwrap()),
        (&[(MODE, "all"), ("HOME", "")], &[], &homeless),
        (&[(MODE, "all"), ("PI_CODING_AGENT_DIR", other)], &[], &elsewhere),
        (&[(MODE, "all"), ("PI_CODING_AGENT_DIR", "~/.pi/agent")], &[], &all),
        // pi finds mosaic-tools by the user's link, and the project's own review.
        (&[(MODE, "discover")], &[], ""),
        (&[(MODE, "discover"), ("HOME", "")], &[], "m/skills/mosaic-tools"),
        (&[(MODE, "discover"), (FORCED, "review:both:gone")], &[], "m/skills-local/both"),
        (&[(MODE, "discover"), (FORCED, "")], &[], ""),
        (&[(MODE, "discover")], &["--no-skills"], "m/skills/mosaic-tools"),
        (&[(MODE, "discover"), (FORCED, "review")], &["-ns"], "m/skills/review"),
    ];
    for (variables, further, expected) in table {
        assert_eq!(selected(root.path(), further, variables).0, expected, "{variables:?} {further:?}");
    }
}

#[test]
fn an_invalid_skill_name_is_reported() {
    let root = skill_directories();
    let warning = |forced| selected(root.path(), &[], &[(FORCED, forced)]).1;
    assert_eq!(warning("gone:review::"), None);
    let said = warning("../x:review:a/b\u{1b}").unwrap();
    assert!(said.contains("'../x', 'a/b\\u{1b}'") && said.starts_with(FORCED), "{said}");
}

fn put(skill: &Path) {
    fs::create_dir_all(skill).unwrap();
    fs::write(skill.join("SKILL.md"), "").unwrap();
}

#[test]
fn a_skill_is_a_directory_with_a_skill_file() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("skills");
    for skill in ["z", "a", "m", ".hidden", "node_modules"] {
        put(&directory.join(skill));
    }
    put(&root.path().join("elsewhere"));
    symlink("../elsewhere", directory.join("link")).unwrap();
    symlink("a", directory.join("again")).unwrap();
    symlink("nowhere", directory.join("dangling")).unwrap();
    symlink("cycle", directory.join("cycle")).unwrap();
    symlink("round", directory.join("about")).unwrap();
    symlink("about", directory.join("round")).unwrap();
    fs::create_dir_all(directory.join("no-file")).unwrap();
    fs::create_dir_all(directory.join("file-is-directory/SKILL.md")).unwrap();
    fs::create_dir_all(directory.join("file-is-dangling")).unwrap();
    symlink("nowhere", directory.join("file-is-dangling/SKILL.md")).unwrap();
    fs::create_dir_all(directory.join("file-is-link")).unwrap();
    symlink("../../elsewhere/SKILL.md", directory.join("file-is-link/SKILL.md")).unwrap();
    fs::write(directory.join("README.md"), "").unwrap();
    let found: Vec<String> = read_skills(&directory).into_iter().map(|skill| skill.name).collect();
    assert_eq!(found, ["a", "again", "file-is-link", "link", "m", "z"]);
}

#[test]
fn a_directory_that_cannot_be_read_has_no_skills() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("skills");
    put(&directory.join("a"));
    put(&directory.join("closed"));
    assert!(read_skills(&root.path().join("gone")).is_empty());
    assert!(read_skills(&directory.join("a/SKILL.md")).is_empty());
    if rustix::process::geteuid().is_root() {
        return;
    }
    fs::set_permissions(directory.join("closed"), Permissions::from_mode(0o000)).unwrap();
    assert_eq!(read_skills(&directory).len(), 1, "the readable one is found");
    fs::set_permissions(&directory, Permissions::from_mode(0o000)).unwrap();
    assert!(read_skills(&directory).is_empty());
    fs::set_permissions(&directory, Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(directory.join("closed"), Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_skill_name_is_one_path_component() {
    for name in ["a", "mosaic-tools", "a.b", "é", "a b", "-x"] {
        assert!(is_skill_name(name), "{name}");
    }
    for name in ["", ".", "..", "../x", "a/b", "/a", "a/", ".git", "node_modules", " a", "a\n", "a\0b"] {
        assert!(!is_skill_name(name), "{name}");
    }
}

#[test]
fn an_unknown_mode_is_reported_with_the_known_modes() {
    for (value, mode) in [
        (None, SkillMode::Forced),
        (Some(""), SkillMode::Forced),
        (Some("none"), SkillMode::None),
        (Some("all"), SkillMode::All),
        (Some("discover"), SkillMode::Discover),
    ] {
        assert_eq!(SkillMode::from_value(value.map(OsStr::new)).unwrap(), mode, "{value:?}");
    }
    for value in ["ALL", "nothing", "all ", "a\u{1b}l"] {
        let error = SkillMode::from_value(Some(OsStr::new(value))).unwrap_err();
        let said = error.to_string();
        let value = value.escape_debug().to_string();
        assert!(["MOSAIC_PI_SKILL_MODE", &value, "all", "discover"].iter().all(|word| said.contains(word)), "{said}");
    }
}
