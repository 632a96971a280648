//! Every mode over real directories and links.

use super::skill_arguments;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Skills in all places, some of them twice.
fn world() -> tempfile::TempDir {
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

/// The arguments with `--skill PATH` as the path alone, from the root.
fn given(root: &Path, further: &[&str], variables: &[(&str, &str)]) -> (String, Option<String>) {
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
fn each_mode_gives_what_it_says_and_each_skill_once() {
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a str);
    let root = world();
    let fleet = "m/skills-local/both m/skills-local/mine m/skills/linked m/skills/mosaic-tools m/skills/review";
    let project = "w/.pi/skills/only-there w/.pi/skills/project";
    let all = format!("--no-skills {fleet} {project} h/.pi/agent/skills/user");
    let elsewhere = format!("--no-skills {fleet} {project} other/skills/other");
    let homeless = format!("--no-skills {fleet} {project}");
    let other = root.path().join("other");
    let other = other.to_str().unwrap();
    let table: [Case<'_>; 24] = [
        (&[], &[], "--no-skills m/skills/mosaic-tools"),
        (&[(MODE, "")], &[], "--no-skills m/skills/mosaic-tools"),
        (&[(FORCED, "")], &[], "--no-skills"),
        (&[(FORCED, "review:mine")], &[], "--no-skills m/skills/review m/skills-local/mine"),
        (&[(FORCED, "both")], &[], "--no-skills m/skills-local/both"),
        (&[(FORCED, "gone:empty:dangling:cycle: review :")], &[], "--no-skills m/skills/review"),
        (&[(FORCED, "review:review:linked:linked-twice")], &[], "--no-skills m/skills/review m/skills/linked"),
        // A project cannot put its own in place of what is missing, nor can a name lead out.
        (&[(FORCED, "only-there:user")], &[], "--no-skills"),
        (&[(FORCED, "../../outside:a/b:..:/")], &[], "--no-skills"),
        (&[], &["--no-skills"], "m/skills/mosaic-tools"),
        (&[], &["-ns", "--skill", "x"], "m/skills/mosaic-tools"),
        (&[], &["--resume"], "--no-skills m/skills/mosaic-tools"),
        (&[(MODE, "all")], &[], &all),
        (&[(MODE, "all"), (FORCED, "")], &[], &all),
        (&[(MODE, "all")], &["-ns"], all.strip_prefix("--no-skills ").unwrap()),
        (&[(MODE, "all"), ("HOME", "")], &[], &homeless),
        (&[(MODE, "all"), ("PI_CODING_AGENT_DIR", other)], &[], &elsewhere),
        (&[(MODE, "all"), ("PI_CODING_AGENT_DIR", "~/.pi/agent")], &[], &all),
        // Pi finds mosaic-tools by the user's link, and a review of the project's.
        (&[(MODE, "discover")], &[], ""),
        (&[(MODE, "discover"), ("HOME", "")], &[], "m/skills/mosaic-tools"),
        (&[(MODE, "discover"), (FORCED, "review:both:gone")], &[], "m/skills-local/both"),
        (&[(MODE, "discover"), (FORCED, "")], &[], ""),
        (&[(MODE, "discover")], &["--no-skills"], "m/skills/mosaic-tools"),
        (&[(MODE, "discover"), (FORCED, "review")], &["-ns"], "m/skills/review"),
    ];
    for (variables, further, expected) in table {
        assert_eq!(given(root.path(), further, variables).0, expected, "{variables:?} {further:?}");
    }
}

#[test]
fn a_name_that_cannot_be_one_is_told() {
    let root = world();
    let told = |forced| given(root.path(), &[], &[(FORCED, forced)]).1;
    assert_eq!(told("gone:review::"), None);
    let said = told("../x:review:a/b\u{1b}").unwrap();
    assert!(said.contains("'../x', 'a/b\\u{1b}'") && said.starts_with(FORCED), "{said}");
}
