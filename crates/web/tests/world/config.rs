//! A directory with a web configuration in it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::certificates::{Authority, Identity};

#[derive(Debug)]
pub(crate) struct ConfigDirectory(TempDir);

/// TLS by the files that `with_server` puts there.
pub(crate) const TLS: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

impl ConfigDirectory {
    pub(crate) fn with(text: &str) -> Self {
        let directory = Self(tempfile::tempdir().unwrap());
        directory.write("web.yml", text);
        directory
    }

    /// With certificates of a server and of the authority that it believes.
    pub(crate) fn with_server(authority: &Authority, text: &str) -> Self {
        let directory = Self::with(text);
        directory.put_server(&authority.server());
        directory.write("ca.crt", &authority.pem());
        directory
    }

    pub(crate) fn put_server(&self, server: &Identity) {
        self.write("server.crt", &server.certificate);
        self.write("server.key", &server.key);
    }

    /// As editors and renewals do: the new file takes the old one's place.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let beside = self.0.path().join(format!(".{name}.new"));
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.0.path().join(name)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.0.path().join(name)).unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("web.yml")
    }

    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }
}
