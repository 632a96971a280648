//! The release archive. The same commit gives the same bytes on every machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::Cargo;
use crate::failure::{Failure, note};
use crate::products;
use crate::repository::Repository;

/// The files and directories of the repository that the archive contains, besides the programs.
const CONTENT: [&str; 7] =
    ["LICENSE", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "framework", "dashboards", "docs"];

/// What `mosaic` writes about itself: the arguments, and the file below `share/`.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "bash-completion/completions/mosaic"),
    ("zsh", "zsh/site-functions/_mosaic"),
    ("fish", "fish/vendor_completions.d/mosaic.fish"),
];

/// Builds the archive in `target/package/` and prints its checksum.
pub(crate) fn build(cargo: &Cargo, repository: &Repository) -> Result<(), Failure> {
    if let Some(missing) = CONTENT.into_iter().find(|name| !repository.root().join(name).exists()) {
        return Err(Failure::failed(format!("{missing} is missing; the archive contains it")));
    }
    let epoch = source_date(repository)?;
    if repository.git(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty()) {
        note("the tree has uncommitted changes: no commit gives this archive again");
    }
    let programs = products::build(cargo, repository)?;

    let name = format!("mosaic-fleet-{}-{}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    let directory = cargo.target_directory().join("package");
    let scratch = Scratch::create(directory.join("draft"))?;
    let tree = scratch.0.join(&name);
    copy_programs(&programs, &tree.join("bin"))?;
    write_manuals(cargo, &tree)?;
    for file in repository.files(&CONTENT)? {
        copy(&repository.root().join(&file), &tree.join(&file))?;
    }
    write_checksums(&tree)?;

    let archive = directory.join(format!("{name}.tar.gz"));
    let script = r#"LC_ALL=C tar --create --directory "$1" --format=ustar --sort=name --mtime="@$3" --owner=0 \
        --group=0 --numeric-owner --mode='u=rwX,go=rX' "$2" | gzip -n -9 >"$1/archive" && mv "$1/archive" "$4""#;
    let mut tar = cargo.program("bash");
    tar.args(["-euo", "pipefail", "-c", script, "package"]).arg(&scratch.0).args([&name, &epoch]).arg(&archive);
    Cargo::run("tar", &mut tar)?;
    Cargo::run("sha256sum", cargo.program("sha256sum").arg("--").arg(&archive))
}

/// The date of all files in the archive, in seconds since 1970.
fn source_date(repository: &Repository) -> Result<String, Failure> {
    let epoch = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(epoch) if !epoch.is_empty() => epoch,
        _ => repository.git(&["log", "-1", "--format=%ct"]).map(|date| date.trim().to_owned()).ok_or_else(|| {
            Failure::unavailable("there is no commit to take the date of the archive from")
                .with("set SOURCE_DATE_EPOCH")
        })?,
    };
    if epoch.is_empty() || !epoch.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Failure::usage(format!("SOURCE_DATE_EPOCH is '{epoch}', expected seconds since 1970")));
    }
    Ok(epoch)
}

fn copy_programs(programs: &Path, to: &Path) -> Result<(), Failure> {
    for name in products::PROGRAMS {
        let program = programs.join(name);
        let headers = output(Command::new("readelf").arg("-lW").arg(&program))?;
        if String::from_utf8_lossy(&headers).contains("INTERP") {
            return Err(Failure::failed(format!("{name} is linked dynamically, expected a static program"))
                .with("RUSTFLAGS may be set to flags that replace those of .cargo/config.toml"));
        }
        copy(&program, &to.join(name))?;
    }
    Ok(())
}

/// The manual pages and shell completions.
fn write_manuals(cargo: &Cargo, tree: &Path) -> Result<(), Failure> {
    let mosaic = tree.join("bin/mosaic");
    let pages = tree.join("share/man/man1");
    create(&pages)?;
    let mut manuals = cargo.program(&mosaic.to_string_lossy());
    Cargo::run("mosaic man", manuals.args(["man", "--directory"]).arg(&pages))?;
    for (shell, path) in COMPLETIONS {
        let path = tree.join("share").join(path);
        create(path.parent().unwrap_or(tree))?;
        let script = output(Command::new(&mosaic).args(["completions", shell]))?;
        fs::write(&path, script).map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

fn write_checksums(tree: &Path) -> Result<(), Failure> {
    let script = r"find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum --";
    let sums = output(Command::new("bash").args(["-euo", "pipefail", "-c", script]).current_dir(tree))?;
    let path = tree.join("SHA256SUMS");
    fs::write(&path, sums).map_err(|error| failed(&path, &error))
}

fn output(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| Failure::unavailable(format!("could not run {name}: {error}")))?;
    if output.status.success() { Ok(output.stdout) } else { Err(Failure::failed(format!("{name}: {}", output.status))) }
}

/// With the permissions, which the archive contains.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    create(to.parent().unwrap_or(to))?;
    fs::copy(from, to).map(drop).map_err(|error| failed(from, &error))
}

fn create(directory: &Path) -> Result<(), Failure> {
    fs::create_dir_all(directory).map_err(|error| failed(directory, &error))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("{}: {error}", path.display()))
}

/// An empty directory that is removed at the end.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    fn create(path: PathBuf) -> Result<Self, Failure> {
        let _ = fs::remove_dir_all(&path);
        create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
