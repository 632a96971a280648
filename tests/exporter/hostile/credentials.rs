//! An exporter with TLS, client certificates and passwords, requested by `curl`.

use super::attacked::attack_beside;
use mosaic_harness::{Deadline, HttpResponse, RosterFleet, required_program};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Alice's password is `right`.
const ALICE: &str = "basic_auth_users:\n  alice: $2b$10$CWP9ppijBEqSbj7hVkAPTOxDgGB.cukCPMmQ1LkLS9fs/vRPWK/zG\n";
/// Alice's password is `other`.
const ALICE_AFTERWARDS: &str =
    "basic_auth_users:\n  alice: $2b$10$g2Rut0PiYWyk8bkCsoSjweTB0Zkn0t/aB8sXqjt7k6Im1im/S8Yp2\n";
const TLS: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_ca_file: ca.crt\n  \
                   client_auth_type: RequireAndVerifyClientCert\n";

/// A web configuration and the certificates beside it.
struct Files(TempDir);

impl Files {
    fn with(text: &str) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.write("web.yml", text);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces a file atomically, as a renewal does.
    fn write(&self, name: &str, text: &str) {
        let beside = self.path("new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.path(name)).unwrap();
    }

    fn flag(&self) -> String {
        format!("--web.config.file={}", self.path("web.yml").display())
    }

    /// Writes a new authority as `NAME.crt` and a client certificate of it as `NAME-client.crt` and `.key`; with
    /// `serves` also a server certificate.
    fn authority(&self, name: &str, serves: bool) {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let issue = |file: &str, purpose| {
            let mut params = CertificateParams::default();
            params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
            params.extended_key_usages = vec![purpose];
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &authority).unwrap();
            self.write(&format!("{file}.key"), &key.serialize_pem());
            self.write(&format!("{file}.crt"), &certificate.pem());
        };
        issue(&format!("{name}-client"), ExtendedKeyUsagePurpose::ClientAuth);
        if serves {
            issue("server", ExtendedKeyUsagePurpose::ServerAuth);
        }
        self.write(&format!("{name}.crt"), &authority.pem());
    }
}

/// Runs `curl` in the directory of its files.
fn curl(directory: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--include", "--max-time", "30"]).args(arguments).current_dir(directory);
    command.output().unwrap().stdout
}

fn status(directory: &Path, arguments: &[&str]) -> Option<u16> {
    let answer = curl(directory, arguments);
    (!answer.is_empty()).then(|| HttpResponse::parse(&answer).status)
}

#[test]
fn requests_need_a_certificate_and_a_password() {
    if required_program("curl").is_none() {
        return;
    }
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    let files = Files::with(&format!("{TLS}{ALICE}"));
    files.authority("ca", true);
    files.authority("another", false);
    let exporter = fleet.exporter(&[&files.flag()]);
    let directory = files.0.path();
    let (plain, secure) =
        (format!("http://{}/metrics", exporter.address()), format!("https://{}/metrics", exporter.address()));
    let trusted = ["--cacert", "ca.crt", "--cert", "ca-client.crt", "--key", "ca-client.key"];
    let untrusted = ["--cacert", "ca.crt", "--cert", "another-client.crt", "--key", "another-client.key"];
    let right = ["--user", "alice:right"];
    let scrape = || HttpResponse::parse(&curl(directory, &[&trusted[..], &right, &[&secure]].concat()));
    attack_beside(scrape, || {
        for (what, arguments, expected) in [
            ("no TLS", &[&right[..], &[&plain]].concat(), Some(400)),
            ("no certificate", &[&trusted[..2], &right, &[&secure]].concat(), None),
            ("another authority's", &[&untrusted[..], &right, &[&secure]].concat(), None),
            ("no password", &[&trusted[..], &[&secure]].concat(), Some(401)),
            ("a wrong one", &[&trusted[..], &["--user", "alice:wrong", &secure]].concat(), Some(401)),
            ("an unknown user", &[&trusted[..], &["--user", "mallory:right", &secure]].concat(), Some(401)),
        ] {
            assert_eq!(status(directory, arguments), expected, "{what}");
        }
    });
    // Renewed at run time by another authority: a client that trusts only the old one no longer connects.
    files.authority("renewed", true);
    let deadline = Deadline::default();
    let renewed = ["--cacert", "renewed.crt", "--cert", "ca-client.crt", "--key", "ca-client.key"];
    while status(directory, &[&renewed[..], &right, &[&secure]].concat()) != Some(200) {
        assert!(!deadline.passed(), "the renewed certificate is not used");
    }
    assert_eq!(status(directory, &[&trusted[..], &right, &[&secure]].concat()), None);
}

#[test]
fn passwords_reload_at_run_time_and_a_broken_file_changes_nothing() {
    let Some(fleet) = RosterFleet::up_or_skip(&["mos", "coder0"]) else { return };
    let files = Files::with(ALICE);
    let exporter = fleet.exporter(&[&files.flag()]);
    let get = |credentials: &str| exporter.get_with("/metrics", &[("Authorization", credentials)]);
    // alice:right, alice:other, alice:wrong
    let (right, other, wrong) = ("Basic YWxpY2U6cmlnaHQ=", "Basic YWxpY2U6b3RoZXI=", "Basic YWxpY2U6d3Jvbmc=");
    assert_eq!((get(right).status, get(other).status), (200, 401));
    attack_beside(
        || get(right),
        || {
            // Some are refused because too many checks run at once.
            std::thread::scope(|scope| {
                for _ in 0..16 {
                    scope.spawn(|| assert!((0..4).all(|_| [401, 503].contains(&get(wrong).status))));
                }
            });
            files.write("web.yml", "basic_auth_users:\n  alice: right\n");
            assert_eq!((get(right).status, exporter.get("/metrics").status), (200, 401));
            fs::remove_file(files.path("web.yml")).unwrap();
            assert_eq!((get(right).status, exporter.get("/metrics").status), (200, 401));
        },
    );
    files.write("web.yml", ALICE_AFTERWARDS);
    assert_eq!((get(right).status, get(other).status), (401, 200));
}
