//! Which addresses and credentials are taken, and what is shown of them.

use super::{Server, without_credentials};
use crate::prometheus::PrometheusError;
use mosaic_domain::ExitCode;
use std::ffi::OsString;

fn find(given: Option<&str>, variables: &[(&str, &str)]) -> Result<Server, PrometheusError> {
    Server::find(given, |name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
    })
}

fn headers(server: &Server) -> Vec<(&str, &str)> {
    server.headers().iter().map(|(name, value)| (*name, value.to_str().unwrap())).collect()
}

#[test]
fn an_address_is_a_scheme_a_place_and_maybe_a_path() {
    let table = [
        ("http://host:9090", "http://host:9090", false),
        ("http://host:9090/", "http://host:9090", false),
        ("https://mimir.example/prometheus", "https://mimir.example/prometheus", true),
        ("https://mimir.example/prometheus/", "https://mimir.example/prometheus", true),
        ("http://[::1]:9090", "http://[::1]:9090", false),
        ("http://me:secret@host:9090/p", "http://host:9090/p", false),
    ];
    for (given, url, secure) in table {
        let server = find(Some(given), &[]).unwrap();
        assert_eq!((server.url(), server.is_secure()), (url, secure), "{given}");
    }
    let by_variable = find(None, &[("MOSAIC_PROMETHEUS_URL", "http://host:1")]).unwrap();
    assert_eq!(by_variable.url(), "http://host:1");
    assert_eq!(find(None, &[("MOSAIC_PROMETHEUS_URL", "")]).unwrap_err(), PrometheusError::NoUrl);
}

#[test]
fn what_is_no_address_is_wrong_usage_and_told_without_its_password() {
    for given in [
        "",
        "host",
        "host:9090",
        "ftp://me:secret@host",
        "http://",
        "http://host/graph?g0.expr=up",
        "http://me:se/cret@host",
        "http:// x",
        "http://host:port",
        "http://host:99999",
        "http://me:secret@",
    ] {
        let error = find(Some(given), &[]).unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::Usage, "{given}: {error}");
        assert!(
            error.to_string().contains("such as http://host:9090") && !error.to_string().contains("cret"),
            "{error}"
        );
    }
}

#[test]
fn credentials_are_the_url_s_or_else_the_environment_s() {
    let user = [("MOSAIC_PROMETHEUS_USER", "me"), ("MOSAIC_PROMETHEUS_PASSWORD", "a:b")];
    let token = [user[0], user[1], ("MOSAIC_PROMETHEUS_BEARER_TOKEN", "t0ken")];
    let tenant = [("MOSAIC_PROMETHEUS_TENANT", "team-a")];
    let table: [(&str, &[_], &[_]); 5] = [
        ("http://h", &[], &[]),
        // me:a:b
        ("http://h", &user, &[("authorization", "Basic bWU6YTpi")]),
        ("http://h", &token, &[("authorization", "Bearer t0ken")]),
        // you:a@b
        ("http://you:a%40b@h", &token, &[("authorization", "Basic eW91OmFAYg==")]),
        ("http://h", &tenant, &[("x-scope-orgid", "team-a")]),
    ];
    for (given, variables, expected) in table {
        assert_eq!(headers(&find(Some(given), variables).unwrap()), expected, "{given} {variables:?}");
    }
    let error = find(Some("http://h"), &[("MOSAIC_PROMETHEUS_BEARER_TOKEN", "secret\n")]).unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Configuration);
    assert!(error.to_string().contains("MOSAIC_PROMETHEUS_BEARER_TOKEN") && !error.to_string().contains("secret"));
}

#[test]
fn nothing_secret_is_in_what_is_shown() {
    let server = find(Some("http://me:secret@h"), &[("MOSAIC_PROMETHEUS_TENANT", "t")]).unwrap();
    assert!(!format!("{server:?}").contains("secret") && !format!("{server:?}").contains("bWU6"), "{server:?}");
    let table = [
        ("http://me:secret@host/x", "http://host/x"),
        ("me:secret@host", "host"),
        ("http://me:sec/ret@host:1", "http://host:1"),
        ("http://host/a@b", "http://b"),
        ("https://host/path", "https://host/path"),
        ("host:9090", "host:9090"),
    ];
    for (address, shown) in table {
        assert_eq!(without_credentials(address), shown, "{address}");
    }
}
