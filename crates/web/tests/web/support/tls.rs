//! Certificates, web configurations that use them, and a TLS client.

use std::fs;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedCipherSuite, SupportedProtocolVersion,
};
use tempfile::TempDir;

use super::client::{HttpResponse, TIMEOUT};

/// A certificate authority.
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

    /// Issues a certificate for a server on this host.
    pub(crate) fn server(&self) -> Identity {
        self.issue(vec![san("localhost")], ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// Issues a client certificate for a DNS name, an address and a URI.
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

/// A directory with a web configuration.
#[derive(Debug)]
pub(crate) struct ConfigDirectory(TempDir);

/// A section that enables TLS with the files of [`ConfigDirectory::with_server`].
pub(crate) const TLS: &str = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";

impl ConfigDirectory {
    pub(crate) fn with(text: &str) -> Self {
        let directory = Self(tempfile::tempdir().unwrap());
        directory.write("web.yml", text);
        directory
    }

    /// Adds a server's certificate and key, and the certificate of the authority.
    pub(crate) fn with_server(authority: &Authority, text: &str) -> Self {
        let directory = Self::with(text);
        directory.put_server(&authority.server());
        directory.write("ca.crt", &authority.pem());
        directory
    }

    pub(crate) fn put_server(&self, server: &Identity) {
        self.write("server.crt", &server.certificate);
        self.write("server.key", &server.key);
    }

    /// Replaces a file, as editors and renewals of certificates do.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let beside = self.0.path().join(format!(".{name}.new"));
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.0.path().join(name)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.0.path().join(name)).unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("web.yml")
    }

    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }
}

/// A TLS client with its parameters.
pub(crate) struct TlsClient<'a> {
    pub(crate) trusted: &'a Authority,
    pub(crate) identity: Option<Identity>,
    pub(crate) versions: &'a [&'static SupportedProtocolVersion],
    pub(crate) suites: Option<Vec<SupportedCipherSuite>>,
    pub(crate) alpn: Vec<Vec<u8>>,
}

pub(crate) type Connection = BufReader<StreamOwned<ClientConnection, TcpStream>>;

impl<'a> TlsClient<'a> {
    pub(crate) fn trusting(trusted: &'a Authority) -> Self {
        Self { trusted, identity: None, versions: rustls::ALL_VERSIONS, suites: None, alpn: Vec::new() }
    }

    pub(crate) fn named(trusted: &'a Authority, identity: Identity) -> Self {
        Self { identity: Some(identity), ..Self::trusting(trusted) }
    }

    pub(crate) fn request(&self, address: SocketAddr, request: &str) -> io::Result<HttpResponse> {
        send_request(&mut self.connect(address)?, request)
    }

    pub(crate) fn connect(&self, address: SocketAddr) -> io::Result<Connection> {
        let mut provider = rustls::crypto::ring::default_provider();
        if let Some(suites) = &self.suites {
            provider.cipher_suites.clone_from(suites);
        }
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.der().into()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match &self.identity {
            Some(identity) => {
                let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols.clone_from(&self.alpn);
        let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        let mut stream = StreamOwned::new(connection, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(BufReader::new(stream))
    }
}

/// Sends a request on an open connection and reads the response.
pub(crate) fn send_request(connection: &mut Connection, request: &str) -> io::Result<HttpResponse> {
    let mut lines = request.lines();
    let mut text = format!("{} HTTP/1.1\r\nHost: localhost\r\n", lines.next().unwrap());
    text.extend(lines.flat_map(|line| [line.trim(), "\r\n"]));
    connection.get_mut().write_all((text + "\r\n").as_bytes())?;
    HttpResponse::read(connection, request.starts_with("HEAD"))
}
