//! When the configured certificates expire.

use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateUse {
    /// The server identifies itself with it (`cert`, `cert_file`).
    Server,
    /// It verifies the certificates of clients (`client_ca`, `client_ca_file`).
    ClientAuthority,
}

impl CertificateUse {
    /// All uses.
    pub const ALL: [Self; 2] = [Self::Server, Self::ClientAuthority];

    /// The name in labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::ClientAuthority => "client_ca",
        }
    }
}

/// When the first of the certificates of a use expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateExpiry {
    /// What the certificates are for.
    pub of: CertificateUse,
    /// The earliest end of their validity.
    pub at: Timestamp,
}

/// The state of a certificate that needs attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attention {
    Expired(Timestamp),
    ExpiresSoon(Timestamp),
    NotYetValid(Timestamp),
}

impl fmt::Display for Attention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(at) => write!(f, "expired at {at}, so clients refuse it: replace it"),
            Self::ExpiresSoon(at) => write!(f, "expires at {at}: replace it before"),
            Self::NotYetValid(at) => write!(f, "is not valid before {at}, so clients refuse it: check the clock"),
        }
    }
}

impl CertificateExpiry {
    /// How long before its end a certificate needs attention.
    const SOON: Duration = Duration::from_hours(7 * 24);

    /// The earliest expiry of these certificates, and a warning about each that needs attention. `key` is the setting.
    /// Certificates without a readable validity are left to the handshake.
    pub(super) fn check(of: CertificateUse, key: &str, certificates: &[CertificateDer<'_>]) -> Option<Self> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        for certificate in certificates {
            if let Some(attention) = attention(certificate, now) {
                tracing::warn!("the certificate of {key} {attention}");
            }
        }
        let at = certificates.iter().filter_map(not_after).min()?;
        Some(Self { of, at: timestamp(at)? })
    }
}

fn attention(certificate: &CertificateDer<'_>, now: Duration) -> Option<Attention> {
    match validity_error(certificate, now) {
        Some(Error::CertExpired { not_after, .. }) => Some(Attention::Expired(timestamp(not_after)?)),
        Some(Error::CertNotValidYet { not_before, .. }) => Some(Attention::NotYetValid(timestamp(not_before)?)),
        _ => {
            let end = not_after(certificate)?;
            let is_soon = end.as_secs() < (now + CertificateExpiry::SOON).as_secs();
            if is_soon { Some(Attention::ExpiresSoon(timestamp(end)?)) } else { None }
        }
    }
}

/// The end of the validity: what the error says at a time that no certificate reaches.
fn not_after(certificate: &CertificateDer<'_>) -> Option<UnixTime> {
    match validity_error(certificate, Duration::from_secs(u64::MAX)) {
        Some(Error::CertExpired { not_after, .. }) => Some(not_after),
        _ => None,
    }
}

/// The error of a verification at a time, without any authority. The validity is verified before everything else.
fn validity_error(certificate: &CertificateDer<'_>, at: Duration) -> Option<Error> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let at = UnixTime::since_unix_epoch(at);
    certificate.verify_for_usage(&[], &[], &[], at, KeyUsage::server_auth(), None, None).err()
}

fn timestamp(time: UnixTime) -> Option<Timestamp> {
    Timestamp::from_second(time.as_secs().try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Attention, CertificateExpiry, CertificateUse, attention};
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
    use rustls::pki_types::CertificateDer;
    use std::time::Duration;

    /// A certificate that is valid from the beginning of 2026 to the beginning of another year.
    fn certificate(until: i32, is_ca: IsCa) -> CertificateDer<'static> {
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(until, 1, 1));
        params.is_ca = is_ca;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    fn seconds(timestamp: &str) -> Duration {
        let timestamp: jiff::Timestamp = timestamp.parse().unwrap();
        Duration::from_secs(timestamp.as_second().try_into().unwrap())
    }

    #[test]
    fn a_certificate_needs_attention_before_and_after_its_end() {
        let (start, end) = ("2026-01-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
        let table = [
            ("2025-12-31T23:59:59Z", Some(Attention::NotYetValid(start))),
            ("2026-01-01T00:00:00Z", None),
            ("2026-12-24T23:59:59Z", None),
            ("2026-12-25T00:00:01Z", Some(Attention::ExpiresSoon(end))),
            ("2027-01-01T00:00:01Z", Some(Attention::Expired(end))),
        ];
        for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
            let certificate = certificate(2027, is_ca);
            for (now, expected) in &table {
                assert_eq!(attention(&certificate, seconds(now)), *expected, "{now}");
            }
        }
        assert_eq!(attention(&CertificateDer::from(vec![1, 2, 3]), Duration::ZERO), None);
    }

    #[test]
    fn the_first_certificate_of_a_chain_to_expire_counts() {
        let chain = [certificate(2080, IsCa::NoCa), certificate(2031, IsCa::Ca(BasicConstraints::Unconstrained))];
        let expiry = CertificateExpiry::check(CertificateUse::Server, "cert_file", &chain).unwrap();
        assert_eq!(expiry.at, "2031-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(CertificateExpiry::check(CertificateUse::Server, "cert_file", &[]), None);
    }
}
