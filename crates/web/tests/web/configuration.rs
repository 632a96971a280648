//! The web configuration: invalid files are refused with the place of the error, and changes apply at once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mosaic_web::WebConfig;

use crate::support::tls::{Authority, ConfigDirectory, TLS, TlsClient};
use crate::support::{ServerSetup, TestServer};

fn refused(text: &str) -> String {
    let directory = ConfigDirectory::with_server(&Authority::new(), text);
    directory.write("other.key", &Authority::new().server().key);
    directory.write("empty.crt", "");
    let error = WebConfig::load(directory.path()).expect_err(text);
    let message = error.to_string();
    assert!(message.contains(directory.path().to_str().unwrap()), "{message}");
    message
}

#[test]
fn invalid_documents_are_refused_with_the_line_of_the_error() {
    for (text, expected) in [
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
        let message = refused(text);
        assert!(expected.iter().all(|word| message.contains(word)), "{text:?}: {message}");
    }
}

#[test]
fn contradicting_settings_are_refused() {
    for (text, expected) in [
        ("tls_server_config:\n  cert_file: server.crt\n", "key_file or key is missing"),
        ("tls_server_config:\n  key_file: server.key\n", "cert_file or cert is missing"),
        ("tls_server_config:\n  client_auth_type: RequestClientCert\n", "cert_file or cert is missing"),
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
            "client_ca_file contains no certificate",
        ),
        (&format!("{TLS}  client_allowed_sans: [a.example]\n"), "client_allowed_sans needs"),
        ("tls_server_config:\n  client_allowed_sans: [a.example]\n", "cert_file or cert is missing"),
        (&format!("{TLS}  min_version: TLS13\n  max_version: TLS12\n"), "swap them"),
    ] {
        let message = refused(text);
        assert!(message.contains(expected), "{text:?}: {message}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let directory = ConfigDirectory::with("");
    let error = WebConfig::load(directory.directory().join("none.yml")).unwrap_err();
    assert!(error.to_string().contains("none.yml"), "{error}");
}

#[test]
fn what_is_not_a_regular_file_is_refused_without_waiting_for_it() {
    let directory = ConfigDirectory::with_server(&Authority::new(), "");
    let made = std::process::Command::new("mkfifo").arg(directory.directory().join("fifo")).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("/dev/zero", directory.directory().join("zero")).unwrap();
    for name in ["fifo", "zero"] {
        let error = WebConfig::load(directory.directory().join(name)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("not a regular file"), "{error}");
        directory.write("web.yml", &format!("tls_server_config:\n  cert_file: {name}\n  key_file: server.key\n"));
        let error = WebConfig::load(directory.path()).unwrap_err().to_string();
        assert!(error.contains("cert_file") && error.contains("not a regular file"), "{error}");
    }
}

#[test]
fn the_example_of_exporter_toolkits_documentation_is_valid() {
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

fn user(name: &str, password: &str) -> String {
    format!("basic_auth_users:\n  {name}: {}\n", bcrypt::hash(password, 4).unwrap())
}

fn status(server: &TestServer, credentials: &str) -> u16 {
    server.request(&format!("GET /\nAuthorization: Basic {}", STANDARD.encode(credentials))).status
}

#[test]
fn changed_users_apply_to_open_connections() {
    let directory = ConfigDirectory::with(&user("a", "old"));
    let server = ServerSetup::config(&directory.path()).start();
    let mut kept = server.client();
    let request = format!("GET /\nAuthorization: Basic {}", STANDARD.encode("a:old"));
    assert_eq!(kept.request(&request).status, 200);
    directory.write("web.yml", &user("a", "new"));
    assert_eq!(kept.request(&request).status, 401);
    assert_eq!(status(&server, "a:new"), 200);
    directory.write("web.yml", &user("b", "new"));
    assert_eq!(status(&server, "a:new"), 401);
    directory.write("web.yml", "");
    assert_eq!(server.request("GET /").status, 200);
}

#[test]
fn an_invalid_or_missing_file_changes_nothing() {
    let good = user("a", "old");
    let directory = ConfigDirectory::with(&good);
    let server = ServerSetup::config(&directory.path()).start();
    for broken in ["basic_auth_users: [", "no_such_key: 1", "basic_auth_users:\n  a: plain\n", "\u{0}"] {
        directory.write("web.yml", broken);
        for _ in 0..2 {
            assert_eq!(server.request("GET /").status, 401, "{broken}");
            assert_eq!(status(&server, "a:old"), 200, "{broken}");
        }
    }
    directory.remove("web.yml");
    assert_eq!(server.request("GET /").status, 401);
    directory.write("web.yml", &user("a", "new"));
    assert_eq!(status(&server, "a:new"), 200);
}

#[test]
fn a_renewed_certificate_is_used_once_its_key_matches() {
    let (old, new) = (Authority::new(), Authority::new());
    let directory = ConfigDirectory::with_server(&old, TLS);
    let server = ServerSetup::config(&directory.path()).start();
    let accepted_by = |authority: &Authority| {
        TlsClient::trusting(authority).request(server.address, "GET /").is_ok_and(|response| response.status == 200)
    };
    assert_eq!((accepted_by(&old), accepted_by(&new)), (true, false));
    let renewed = new.server();
    directory.write("server.crt", &renewed.certificate);
    // The new certificate does not match the old key.
    assert_eq!((accepted_by(&old), accepted_by(&new)), (true, false));
    directory.write("server.key", &renewed.key);
    assert_eq!((accepted_by(&old), accepted_by(&new)), (false, true));
}

#[test]
fn a_certificate_that_appears_later_is_loaded() {
    let authority = Authority::new();
    let directory = ConfigDirectory::with("");
    let server = ServerSetup::config(&directory.path()).start();
    assert_eq!(server.request("GET /").status, 200);
    directory.write("web.yml", TLS);
    assert_eq!(server.request("GET /").status, 200);
    directory.put_server(&authority.server());
    assert_eq!(server.request("GET /").status, 400);
    assert_eq!(TlsClient::trusting(&authority).request(server.address, "GET /").unwrap().status, 200);
}

#[test]
fn a_requested_reload_reads_the_file_and_survives_an_invalid_one() {
    let directory = ConfigDirectory::with(&user("a", "old"));
    let server = ServerSetup::config(&directory.path()).start();
    assert_eq!(status(&server, "a:old"), 200);
    server.reloader.reload();
    assert_eq!(status(&server, "a:old"), 200);
    directory.write("web.yml", "[");
    server.reloader.reload();
    assert_eq!(status(&server, "a:old"), 200);
    assert_eq!(server.request("GET /").status, 401);
}

#[test]
fn configured_headers_are_added_to_every_response() {
    let headers = "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n    \
                   Strict-Transport-Security: max-age=1\n    Content-Security-Policy: ''\n";
    let directory = ConfigDirectory::with(headers);
    let server = ServerSetup::config(&directory.path()).start();
    for request in ["GET /", "HEAD /", "POST /", "GET http://evil.example/"] {
        let response = server.request(request);
        assert_eq!(response.header("x-frame-options"), Some("deny"), "{request}");
        assert_eq!(response.header("strict-transport-security"), Some("max-age=1"), "{request}");
        assert_eq!(response.header("content-security-policy"), None, "{request}");
    }
}

#[test]
fn requests_above_the_rate_limit_are_refused() {
    let directory = ConfigDirectory::with("rate_limit:\n  interval: 1h\n  burst: 2\n");
    let server = ServerSetup::config(&directory.path()).start();
    assert_eq!(server.request("GET /").status, 200);
    assert_eq!(server.request("GET /").status, 200);
    assert_eq!(server.request("GET /").status, 429);
    directory.write("web.yml", "rate_limit:\n  interval: 0s\n  burst: 0\n");
    assert_eq!(server.request("GET /").status, 200);
}
