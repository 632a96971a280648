//! Client certificates: which clients may connect.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use serde::Deserialize;

use super::config_error::SettingError;

/// `client_auth_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum ClientAuthType {
    #[default]
    #[serde(rename = "NoClientCert", alias = "")]
    No,
    #[serde(rename = "RequestClientCert")]
    Request,
    /// `RequireClientCert` is an older name.
    #[serde(rename = "RequireAnyClientCert", alias = "RequireClientCert")]
    RequireAny,
    #[serde(rename = "VerifyClientCertIfGiven")]
    VerifyIfGiven,
    #[serde(rename = "RequireAndVerifyClientCert")]
    RequireAndVerify,
}

impl ClientAuthType {
    /// Whether a client without a certificate is refused.
    pub(super) fn requires_certificate(self) -> bool {
        matches!(self, Self::RequireAny | Self::RequireAndVerify)
    }
}

/// One of `client_allowed_sans`: a subject alternative name, compared byte by byte.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct AllowedName(String);

impl TryFrom<String> for AllowedName {
    type Error = &'static str;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        if given.is_empty() {
            Err("expected a DNS name, an address or a URI")
        } else if given.contains('@') && !given.contains(':') {
            Err("e-mail addresses in certificates are not supported; use a DNS name, an address or a URI")
        } else {
            Ok(Self(given))
        }
    }
}

/// Builds the verifier of client certificates; `None` if clients need none.
pub(super) fn verifier(
    auth: ClientAuthType,
    authorities: Option<Vec<CertificateDer<'static>>>,
    names: Option<Vec<AllowedName>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, SettingError> {
    if names.is_some() && !auth.requires_certificate() {
        return Err(SettingError::AllowedSansUnused);
    }
    let verifier: Arc<dyn ClientCertVerifier> = match auth {
        ClientAuthType::No if authorities.is_some() => return Err(SettingError::ClientCaUnused),
        ClientAuthType::No => return Ok(None),
        ClientAuthType::Request | ClientAuthType::RequireAny => {
            Arc::new(AcceptAnyCertificate { is_required: auth.requires_certificate(), provider: Arc::clone(provider) })
        }
        ClientAuthType::VerifyIfGiven | ClientAuthType::RequireAndVerify => {
            let mut roots = RootCertStore::empty();
            for authority in authorities.ok_or(SettingError::NoClientCa)? {
                roots.add(authority).map_err(|error| SettingError::ClientCa(error.to_string()))?;
            }
            let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
            let builder = if auth.requires_certificate() { builder } else { builder.allow_unauthenticated() };
            builder.build().map_err(|error| SettingError::ClientCa(error.to_string()))?
        }
    };
    Ok(Some(match names {
        Some(names) => Arc::new(RequireAllowedName { names, verifier }),
        None => verifier,
    }))
}

/// Requests a certificate and accepts any.
#[derive(Debug)]
struct AcceptAnyCertificate {
    is_required: bool,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AcceptAnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        self.is_required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Applies another verifier, and requires one of the allowed names.
#[derive(Debug)]
struct RequireAllowedName {
    names: Vec<AllowedName>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl RequireAllowedName {
    fn matches(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok(certificate) = webpki::EndEntityCert::try_from(certificate) else { return false };
        self.names.iter().any(|AllowedName(name)| match name.parse::<IpAddr>() {
            Ok(address) => certificate.verify_is_valid_for_subject_name(&ServerName::from(address)).is_ok(),
            Err(_) => {
                certificate.valid_dns_names().any(|found| found == name)
                    || certificate.valid_uri_names().any(|found| found == name)
            }
        })
    }
}

impl ClientCertVerifier for RequireAllowedName {
    fn offer_client_auth(&self) -> bool {
        self.verifier.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.verifier.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier.verify_client_cert(certificate, intermediates, now)?;
        if self.matches(certificate) {
            Ok(verified)
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
