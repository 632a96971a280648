//! Connections are encrypted, and only those come in who have the certificate that is asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics names the line")]

mod world;

use std::net::Shutdown;
use std::time::Duration;

use mosaic_web::Limits;
use rustls::crypto::ring::cipher_suite;
use world::certificates::Authority;
use world::config::{ConfigDirectory, TLS};
use world::tls_client::{TlsClient, ask};
use world::{Served, Setup};

fn serve(authority: &Authority, more: &str) -> (ConfigDirectory, Served) {
    let directory = ConfigDirectory::with_server(authority, &format!("{TLS}{more}"));
    let served = Setup::config(&directory.path()).start();
    (directory, served)
}

#[test]
fn both_versions_of_tls_are_spoken_and_http_1_1_over_them() {
    let authority = Authority::new();
    let (_directory, served) = serve(&authority, "");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = TlsClient { versions: &[version], alpn, ..TlsClient::trusting(&authority) };
        let mut connection = client.connect(served.address).unwrap();
        assert_eq!(connection.get_ref().conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        for path in ["/1", "/2"] {
            assert_eq!(ask(&mut connection, &format!("GET {path}")).unwrap().body, format!("GET {path}"));
        }
        assert_eq!(ask(&mut connection, "GET /big").unwrap().body.len(), world::routes::BIG);
    }
}

#[test]
fn versions_and_suites_that_are_not_allowed_are_not_spoken() {
    let authority = Authority::new();
    let (_directory, served) = serve(&authority, "  min_version: TLS13\n");
    let old = TlsClient { versions: &[&rustls::version::TLS12], ..TlsClient::trusting(&authority) };
    assert!(old.connect(served.address).is_err());
    assert!(TlsClient::trusting(&authority).connect(served.address).is_ok());

    let only = "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n  \
                curve_preferences: [CurveP384]\n";
    let (_directory, served) = serve(&authority, only);
    let connection = TlsClient::trusting(&authority).connect(served.address).unwrap();
    let suite = connection.get_ref().conn.negotiated_cipher_suite().unwrap();
    assert_eq!(suite, cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384);
    let group = connection.get_ref().conn.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), rustls::NamedGroup::secp384r1);
    let suites = Some(vec![cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]);
    let versions: &[_] = &[&rustls::version::TLS12];
    assert!(TlsClient { versions, suites, ..TlsClient::trusting(&authority) }.connect(served.address).is_err());
}

#[test]
fn plain_http_is_told_what_this_port_is() {
    let authority = Authority::new();
    let (_directory, served) = serve(&authority, "");
    let answer = served.ask("GET /");
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("HTTPS"), "{}", answer.body);
    let mut other = served.client();
    other.say("\u{1}\u{2}\u{3}");
    assert!(other.is_closed());
    assert_eq!(served.routes.asked(), 0);
}

#[test]
fn a_handshake_that_does_not_go_on_is_given_up() {
    let authority = Authority::new();
    let directory = ConfigDirectory::with_server(&authority, TLS);
    let limits = Limits { head: Duration::from_millis(200), ..Limits::default() };
    let served = Setup { limits, ..Setup::config(&directory.path()) }.start();
    let mut slow = served.client();
    slow.say("\u{16}\u{3}\u{1}");
    assert_eq!(TlsClient::trusting(&authority).ask(served.address, "GET /").unwrap().status, 200);
    assert!(slow.is_closed());
}

#[test]
fn the_end_of_a_connection_is_said_in_tls() {
    let authority = Authority::new();
    let (_directory, served) = serve(&authority, "");
    let mut connection = TlsClient::trusting(&authority).connect(served.address).unwrap();
    let answer = ask(&mut connection, "GET /\nConnection: close").unwrap();
    assert_eq!(answer.status, 200);
    // An end without a word would be an error here.
    assert_eq!(std::io::Read::read(&mut connection, &mut [0]).unwrap(), 0);
    connection.get_ref().sock.shutdown(Shutdown::Both).unwrap();
}

/// Who gets an answer: nobody's certificate, a stranger's, one of the authority's with the right or a wrong name.
fn who_gets_in(authority: &Authority, more: &str) -> [bool; 4] {
    let (_directory, served) = serve(authority, more);
    let stranger = Authority::new();
    [
        TlsClient::trusting(authority),
        TlsClient::named(authority, stranger.client("prometheus.example")),
        TlsClient::named(authority, authority.client("prometheus.example")),
        TlsClient::named(authority, authority.client("other.example")),
    ]
    .map(|client| client.ask(served.address, "GET /").is_ok_and(|answer| answer.status == 200))
}

#[test]
fn clients_come_in_by_the_certificate_that_is_asked_for() {
    let authority = Authority::new();
    let names = "  client_allowed_sans: [prometheus.example]\n";
    for (more, expected) in [
        (String::new(), [true; 4]),
        ("  client_auth_type: NoClientCert\n".to_owned(), [true; 4]),
        ("  client_auth_type: RequestClientCert\n".to_owned(), [true; 4]),
        ("  client_auth_type: RequireAnyClientCert\n".to_owned(), [false, true, true, true]),
        ("  client_auth_type: RequireClientCert\n".to_owned(), [false, true, true, true]),
        (
            "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.crt\n".to_owned(),
            [true, false, true, true],
        ),
        (
            "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n".to_owned(),
            [false, false, true, true],
        ),
        (
            format!("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n{names}"),
            [false, false, true, false],
        ),
        (format!("  client_auth_type: RequireAnyClientCert\n{names}"), [false, true, true, false]),
    ] {
        assert_eq!(who_gets_in(&authority, &more), expected, "{more}");
    }
}

#[test]
fn addresses_and_uris_are_names_of_clients_too() {
    let authority = Authority::new();
    for (name, expected) in [
        ("192.0.2.7", true),
        ("192.0.2.8", false),
        ("spiffe://example/client", true),
        ("spiffe://example/other", false),
        ("*.example", false),
    ] {
        let more = format!("  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: ['{name}']\n");
        let (_directory, served) = serve(&authority, &more);
        let client = TlsClient::named(&authority, authority.client("prometheus.example"));
        assert_eq!(client.ask(served.address, "GET /").is_ok(), expected, "{name}");
    }
}

#[test]
fn with_a_certificate_any_host_is_fine() {
    let authority = Authority::new();
    let (_directory, served) =
        serve(&authority, "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n");
    let client = TlsClient::named(&authority, authority.client("prometheus.example"));
    let answer = client.ask(served.address, "GET http://fleet.example/").unwrap();
    assert_eq!(answer.status, 200);
    // Without one, TLS alone does not help.
    let (_directory, served) = serve(&authority, "");
    let answer = TlsClient::trusting(&authority).ask(served.address, "GET http://fleet.example/").unwrap();
    assert_eq!(answer.status, 421);
}

#[test]
fn texts_may_stand_in_the_file_itself() {
    let authority = Authority::new();
    let identity = authority.server();
    let inline = |text: &str| format!("    {}\n", text.trim_end().replace('\n', "\n    "));
    let text = format!(
        "tls_server_config:\n  cert: |\n{}  key: |\n{}  client_ca: |\n{}  client_auth_type: RequireAndVerifyClientCert\n",
        inline(&identity.certificate),
        inline(&identity.key),
        inline(&authority.pem())
    );
    let directory = ConfigDirectory::with(&text);
    let served = Setup::config(&directory.path()).start();
    assert!(TlsClient::trusting(&authority).ask(served.address, "GET /").is_err());
    let client = TlsClient::named(&authority, authority.client("prometheus.example"));
    assert_eq!(client.ask(served.address, "GET /").unwrap().status, 200);
}
