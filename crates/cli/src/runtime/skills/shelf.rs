//! A directory of skills.

use std::fs;
use std::path::Path;

use super::Skill;

/// The skills of a directory, by name. One that is not there, or cannot be read, has none.
pub(super) fn read_shelf(directory: &Path) -> Vec<Skill> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut skills: Vec<Skill> = names.filter_map(|name| Skill::find(directory, &name)).collect();
    skills.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    skills
}

#[cfg(test)]
mod tests {
    use super::read_shelf;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    fn put(skill: &Path) {
        fs::create_dir_all(skill).unwrap();
        fs::write(skill.join("SKILL.md"), "").unwrap();
    }

    #[test]
    fn only_a_directory_with_its_file_is_a_skill() {
        let root = tempfile::tempdir().unwrap();
        let shelf = root.path().join("skills");
        for skill in ["z", "a", "m", ".hidden", "node_modules"] {
            put(&shelf.join(skill));
        }
        put(&root.path().join("elsewhere"));
        symlink("../elsewhere", shelf.join("link")).unwrap();
        symlink("a", shelf.join("again")).unwrap();
        symlink("nowhere", shelf.join("dangling")).unwrap();
        symlink("cycle", shelf.join("cycle")).unwrap();
        symlink("round", shelf.join("about")).unwrap();
        symlink("about", shelf.join("round")).unwrap();
        fs::create_dir_all(shelf.join("no-file")).unwrap();
        fs::create_dir_all(shelf.join("directory/SKILL.md")).unwrap();
        fs::create_dir_all(shelf.join("file-is-dangling")).unwrap();
        symlink("nowhere", shelf.join("file-is-dangling/SKILL.md")).unwrap();
        fs::create_dir_all(shelf.join("file-is-link")).unwrap();
        symlink("../../elsewhere/SKILL.md", shelf.join("file-is-link/SKILL.md")).unwrap();
        fs::write(shelf.join("README.md"), "").unwrap();
        let found: Vec<String> = read_shelf(&shelf).into_iter().map(|skill| skill.name).collect();
        assert_eq!(found, ["a", "again", "file-is-link", "link", "m", "z"]);
    }

    #[test]
    fn what_cannot_be_read_has_none() {
        let root = tempfile::tempdir().unwrap();
        let shelf = root.path().join("skills");
        put(&shelf.join("a"));
        put(&shelf.join("closed"));
        assert!(read_shelf(&root.path().join("gone")).is_empty());
        assert!(read_shelf(&shelf.join("a/SKILL.md")).is_empty());
        if rustix::process::geteuid().is_root() {
            return;
        }
        fs::set_permissions(shelf.join("closed"), Permissions::from_mode(0o000)).unwrap();
        assert_eq!(read_shelf(&shelf).len(), 1, "the others are there");
        fs::set_permissions(&shelf, Permissions::from_mode(0o000)).unwrap();
        assert!(read_shelf(&shelf).is_empty());
        fs::set_permissions(&shelf, Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(shelf.join("closed"), Permissions::from_mode(0o700)).unwrap();
    }
}
