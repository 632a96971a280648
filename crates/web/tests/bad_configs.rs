//! A web configuration that cannot be used is refused with the place, what was expected and what to do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use mosaic_domain::ExitCode;
use mosaic_web::WebConfig;
use world::certificates::Authority;
use world::config::{ConfigDirectory, TLS};

fn refused(text: &str) -> String {
    let directory = ConfigDirectory::with_server(&Authority::new(), text);
    directory.write("other.key", &Authority::new().server().key);
    directory.write("empty.crt", "");
    let error = WebConfig::load(directory.path()).expect_err(text);
    assert_eq!(error.exit_code(), ExitCode::Configuration);
    let said = error.to_string();
    assert!(said.contains(directory.path().to_str().unwrap()), "{said}");
    said
}

#[test]
fn what_is_not_the_document_is_refused_with_its_line() {
    for (text, says) in [
        ("tls_server_config:\n  cert_fil: x\n", &["line 2", "cert_fil", "cert_file"][..]),
        ("tls_config: {}\n", &["line 1", "tls_config", "tls_server_config"]),
        ("basic_auth_users: {}\nbasic_auth_users: {}\n", &["line 2", "duplicate"]),
        ("basic_auth_users:\n  a: x\n", &["line 2", "bcrypt", "htpasswd"]),
        ("basic_auth_users:\n  a: $2y$31$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\n", &["cost 31", "15"]),
        ("basic_auth_users:\n  a: $2x$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG\n", &["bcrypt"]),
        ("basic_auth_users: yes\n", &["line 1"]),
        ("http_server_config:\n  http2: 1\n", &["line 2", "bool"]),
        ("http_server_config:\n  headers:\n    X-Frame-Options: allow\n", &["line 3", "deny", "sameorigin"]),
        ("http_server_config:\n  headers:\n    Server: x\n", &["line 3", "Server", "X-Frame-Options"]),
        ("http_server_config:\n  headers:\n    Content-Security-Policy: \"a\\r\\nb\"\n", &["line 3", "line breaks"]),
        ("rate_limit:\n  interval: soon\n", &["line 2", "250ms"]),
        ("tls_server_config:\n  min_version: TLS10\n", &["line 2", "TLS10", "TLS12 or TLS13"]),
        ("tls_server_config:\n  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n", &["line 2", "RC4", "GCM_SHA384"]),
        ("tls_server_config:\n  curve_preferences: [CurveP521]\n", &["line 2", "CurveP521", "X25519"]),
        ("tls_server_config:\n  client_auth_type: Maybe\n", &["line 2", "Maybe", "RequireAndVerifyClientCert"]),
        ("tls_server_config:\n  client_allowed_sans: [a@b.example]\n", &["line 2", "e-mail"]),
        ("- a\n", &["line 1"]),
        ("a: [\n", &["line"]),
    ] {
        let said = refused(text);
        assert!(says.iter().all(|word| said.contains(word)), "{text:?} is answered: {said}");
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (more, says) in [
        ("tls_server_config:\n  cert_file: server.crt\n", "no key_file or key"),
        ("tls_server_config:\n  key_file: server.key\n", "no cert_file or cert"),
        ("tls_server_config:\n  client_auth_type: RequestClientCert\n", "no cert_file or cert"),
        ("tls_server_config:\n  cert_file: server.crt\n  key_file: none.key\n", "none.key"),
        ("tls_server_config:\n  cert_file: server.crt\n  key_file: other.key\n", "cannot be used"),
        ("tls_server_config:\n  cert_file: empty.crt\n  key_file: server.key\n", "BEGIN CERTIFICATE"),
        ("tls_server_config:\n  cert_file: server.crt\n  key_file: server.crt\n", "BEGIN PRIVATE KEY"),
        ("tls_server_config:\n  cert_file: server.crt\n  cert: x\n", "keep one of them"),
        (&format!("{TLS}  client_ca_file: ca.crt\n"), "RequireAndVerifyClientCert"),
        (&format!("{TLS}  client_auth_type: NoClientCert\n  client_ca_file: ca.crt\n"), "RequireAndVerifyClientCert"),
        (&format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n"), "name the certificate authority"),
        (
            &format!("{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: empty.crt\n"),
            "client_ca_file has no certificate",
        ),
        (&format!("{TLS}  client_allowed_sans: [a.example]\n"), "client_allowed_sans needs"),
        ("tls_server_config:\n  client_allowed_sans: [a.example]\n", "no cert_file or cert"),
        (&format!("{TLS}  min_version: TLS13\n  max_version: TLS12\n"), "turn them round"),
    ] {
        let said = refused(more);
        assert!(said.contains(says), "{more:?} is answered: {said}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let directory = ConfigDirectory::with("");
    let error = WebConfig::load(directory.directory().join("none.yml")).unwrap_err();
    assert!(error.to_string().contains("none.yml"), "{error}");
}

#[test]
fn a_file_of_exporter_toolkits_documentation_is_read() {
    let authority = Authority::new();
    let text = "\
# Certificate for server to use to authenticate to client.
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example]
  min_version: TLS12
  max_version: TLS13
  cipher_suites:
    - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    - TLS_AES_128_GCM_SHA256
  prefer_server_cipher_suites: true
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: true
  headers:
    X-Content-Type-Options: nosniff
    X-XSS-Protection: '0'
basic_auth_users:
  alice: $2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze
rate_limit:
  interval: 1s
  burst: 20
";
    let directory = ConfigDirectory::with_server(&authority, text);
    assert!(WebConfig::load(directory.path()).unwrap().has_tls());
    for empty in ["", "# nothing\n", "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\n", "{}"] {
        directory.write("web.yml", empty);
        assert!(!WebConfig::load(directory.path()).unwrap().has_tls(), "{empty:?}");
    }
}
