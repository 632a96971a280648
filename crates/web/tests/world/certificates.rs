//! Certificates for one test.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};

/// An authority that nobody else knows.
#[derive(Debug)]
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, both in PEM.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "the test's authority");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    /// A server on this host.
    pub(crate) fn server(&self) -> Identity {
        self.issue(vec![san("localhost")], ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client with this name, and an address and a URI beside it.
    pub(crate) fn client(&self, name: &str) -> Identity {
        let sans = vec![
            san(name),
            SanType::IpAddress([192, 0, 2, 7].into()),
            SanType::URI("spiffe://example/client".try_into().unwrap()),
        ];
        self.issue(sans, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(&self, sans: Vec<SanType>, purpose: ExtendedKeyUsagePurpose) -> Identity {
        let mut params = CertificateParams::default();
        params.subject_alt_names = sans;
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

fn san(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}
