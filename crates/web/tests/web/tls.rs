//! TLS and client certificates.

use std::net::Shutdown;
use std::time::Duration;

use mosaic_web::Limits;
use rustls::crypto::ring::cipher_suite;

use crate::support::tls::{Authority, ConfigDirectory, TLS, TlsClient, send_request};
use crate::support::{BIG, ServerSetup, TestServer};

fn serve(authority: &Authority, more: &str) -> (ConfigDirectory, TestServer) {
    let directory = ConfigDirectory::with_server(authority, &format!("{TLS}{more}"));
    let server = ServerSetup::config(&directory.path()).start();
    (directory, server)
}

#[test]
fn tls_1_2_and_1_3_carry_http_1_1() {
    let authority = Authority::new();
    let (_directory, server) = serve(&authority, "");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = TlsClient { versions: &[version], alpn, ..TlsClient::trusting(&authority) };
        let mut connection = client.connect(server.address).unwrap();
        assert_eq!(connection.get_ref().conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        for path in ["/1", "/2"] {
            assert_eq!(send_request(&mut connection, &format!("GET {path}")).unwrap().body, format!("GET {path}"));
        }
        assert_eq!(send_request(&mut connection, "GET /big").unwrap().body.len(), BIG);
    }
}

#[test]
fn versions_suites_and_curves_are_restricted() {
    let authority = Authority::new();
    let (_directory, server) = serve(&authority, "  min_version: TLS13\n");
    let old = TlsClient { versions: &[&rustls::version::TLS12], ..TlsClient::trusting(&authority) };
    assert!(old.connect(server.address).is_err());
    assert!(TlsClient::trusting(&authority).connect(server.address).is_ok());

    let only = "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n  \
                curve_preferences: [CurveP384]\n";
    let (_directory, server) = serve(&authority, only);
    let connection = TlsClient::trusting(&authority).connect(server.address).unwrap();
    let suite = connection.get_ref().conn.negotiated_cipher_suite().unwrap();
    assert_eq!(suite, cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384);
    let group = connection.get_ref().conn.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), rustls::NamedGroup::secp384r1);
    let suites = Some(vec![cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]);
    let versions: &[_] = &[&rustls::version::TLS12];
    assert!(TlsClient { versions, suites, ..TlsClient::trusting(&authority) }.connect(server.address).is_err());
}

#[test]
fn plain_http_is_refused_with_advice() {
    let authority = Authority::new();
    let (_directory, server) = serve(&authority, "");
    let response = server.request("GET /");
    assert_eq!(response.status, 400);
    assert!(response.body.contains("HTTPS"), "{}", response.body);
    let mut other = server.client();
    other.send("\u{1}\u{2}\u{3}");
    assert!(other.is_closed());
    assert_eq!(server.routes.requests(), 0);
}

#[test]
fn an_incomplete_handshake_times_out() {
    let authority = Authority::new();
    let directory = ConfigDirectory::with_server(&authority, TLS);
    let limits = Limits { head: Duration::from_millis(200), ..Limits::default() };
    let server = ServerSetup { limits, ..ServerSetup::config(&directory.path()) }.start();
    let mut slow = server.client();
    slow.send("\u{16}\u{3}\u{1}");
    assert_eq!(TlsClient::trusting(&authority).request(server.address, "GET /").unwrap().status, 200);
    assert!(slow.is_closed());
}

#[test]
fn the_end_of_a_connection_is_announced_in_tls() {
    let authority = Authority::new();
    let (_directory, server) = serve(&authority, "");
    let mut connection = TlsClient::trusting(&authority).connect(server.address).unwrap();
    let response = send_request(&mut connection, "GET /\nConnection: close").unwrap();
    assert_eq!(response.status, 200);
    // Without the announcement, the read would fail.
    assert_eq!(std::io::Read::read(&mut connection, &mut [0]).unwrap(), 0);
    connection.get_ref().sock.shutdown(Shutdown::Both).unwrap();
}

/// Whether clients are accepted: without a certificate, with one of another authority, and with two of the configured
/// authority, of which the first has an allowed name.
fn accepted_clients(authority: &Authority, more: &str) -> [bool; 4] {
    let (_directory, server) = serve(authority, more);
    let stranger = Authority::new();
    [
        TlsClient::trusting(authority),
        TlsClient::named(authority, stranger.client("prometheus.example")),
        TlsClient::named(authority, authority.client("prometheus.example")),
        TlsClient::named(authority, authority.client("other.example")),
    ]
    .map(|client| client.request(server.address, "GET /").is_ok_and(|response| response.status == 200))
}

#[test]
fn clients_are_accepted_by_their_certificates() {
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
        assert_eq!(accepted_clients(&authority, &more), expected, "{more}");
    }
}

#[test]
fn client_names_may_be_addresses_and_uris() {
    let authority = Authority::new();
    for (name, expected) in [
        ("192.0.2.7", true),
        ("192.0.2.8", false),
        ("spiffe://example/client", true),
        ("spiffe://example/other", false),
        ("*.example", false),
    ] {
        let more = format!("  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: ['{name}']\n");
        let (_directory, server) = serve(&authority, &more);
        let client = TlsClient::named(&authority, authority.client("prometheus.example"));
        assert_eq!(client.request(server.address, "GET /").is_ok(), expected, "{name}");
    }
}

#[test]
fn with_a_client_certificate_every_host_name_is_accepted() {
    let authority = Authority::new();
    let (_directory, server) =
        serve(&authority, "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n");
    let client = TlsClient::named(&authority, authority.client("prometheus.example"));
    let response = client.request(server.address, "GET http://fleet.example/").unwrap();
    assert_eq!(response.status, 200);
    // TLS without a client certificate does not authenticate the client.
    let (_directory, server) = serve(&authority, "");
    let response = TlsClient::trusting(&authority).request(server.address, "GET http://fleet.example/").unwrap();
    assert_eq!(response.status, 421);
}

#[test]
fn certificates_and_keys_may_be_inline() {
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
    let server = ServerSetup::config(&directory.path()).start();
    assert!(TlsClient::trusting(&authority).request(server.address, "GET /").is_err());
    let client = TlsClient::named(&authority, authority.client("prometheus.example"));
    assert_eq!(client.request(server.address, "GET /").unwrap().status, 200);
}
