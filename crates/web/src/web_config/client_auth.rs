//! Which clients may connect, by their certificates.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use serde::Deserialize;

use super::error::SettingError;

/// `client_auth_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum ClientAuthType {
    #[default]
    #[serde(rename = "NoClientCert", alias = "")]
    No,
    #[serde(rename = "RequestClientCert")]
    Request,
    /// The other name is an older one.
    #[serde(rename = "RequireAnyClientCert", alias = "RequireClientCert")]
    RequireAny,
    #[serde(rename = "VerifyClientCertIfGiven")]
    VerifyIfGiven,
    #[serde(rename = "RequireAndVerifyClientCert")]
    RequireAndVerify,
}

/// One of `client_allowed_sans`: a name of a client, compared byte by byte.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct AllowedName(String);

impl TryFrom<String> for AllowedName {
    type Error = &'static str;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        if given.is_empty() {
            Err("a name is expected: a DNS name, an address or a URI")
        } else if given.contains('@') && !given.contains(':') {
            Err("e-mail addresses in certificates are not read here; write a DNS name, an address or a URI")
        } else {
            Ok(Self(given))
        }
    }
}

/// Who looks at certificates of clients, if anybody does.
pub(super) fn verifier(
    auth: ClientAuthType,
    authorities: Option<Vec<CertificateDer<'static>>>,
    names: Option<Vec<AllowedName>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, SettingError> {
    if names.is_some() && !auth.needs_certificate() {
        return Err(SettingError::NamesUnused);
    }
    let verifier: Arc<dyn ClientCertVerifier> = match auth {
        ClientAuthType::No if authorities.is_some() => return Err(SettingError::NobodyAsked),
        ClientAuthType::No => return Ok(None),
        ClientAuthType::Request | ClientAuthType::RequireAny => {
            Arc::new(AnyCertificate { is_needed: auth.needs_certificate(), provider: Arc::clone(provider) })
        }
        ClientAuthType::VerifyIfGiven | ClientAuthType::RequireAndVerify => {
            let mut roots = RootCertStore::empty();
            for authority in authorities.ok_or(SettingError::NoAuthority)? {
                roots.add(authority).map_err(|error| SettingError::Authority(error.to_string()))?;
            }
            let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
            let builder = if auth.needs_certificate() { builder } else { builder.allow_unauthenticated() };
            builder.build().map_err(|error| SettingError::Authority(error.to_string()))?
        }
    };
    Ok(Some(match names {
        Some(names) => Arc::new(Named { names, verifier }),
        None => verifier,
    }))
}

/// Asks for a certificate, and believes whatever it says.
#[derive(Debug)]
struct AnyCertificate {
    is_needed: bool,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        self.is_needed
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

/// Another verifier's word, and one of these names.
#[derive(Debug)]
struct Named {
    names: Vec<AllowedName>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Named {
    fn names_one(&self, certificate: &CertificateDer<'_>) -> bool {
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

impl ClientCertVerifier for Named {
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
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier.verify_client_cert(certificate, between, now)?;
        if self.names_one(certificate) {
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
