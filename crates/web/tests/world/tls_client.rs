//! A client that speaks TLS, or tries to.

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedCipherSuite, SupportedProtocolVersion,
};

use super::answer::Answer;
use super::certificates::{Authority, Identity};
use super::client::PATIENCE;

/// Who asks, and how.
pub(crate) struct TlsClient<'a> {
    pub(crate) trusts: &'a Authority,
    pub(crate) identity: Option<Identity>,
    pub(crate) versions: &'a [&'static SupportedProtocolVersion],
    pub(crate) suites: Option<Vec<SupportedCipherSuite>>,
    pub(crate) alpn: Vec<Vec<u8>>,
}

pub(crate) type Connection = BufReader<StreamOwned<ClientConnection, TcpStream>>;

impl<'a> TlsClient<'a> {
    pub(crate) fn trusting(trusts: &'a Authority) -> Self {
        Self { trusts, identity: None, versions: rustls::ALL_VERSIONS, suites: None, alpn: Vec::new() }
    }

    pub(crate) fn named(trusts: &'a Authority, identity: Identity) -> Self {
        Self { identity: Some(identity), ..Self::trusting(trusts) }
    }

    pub(crate) fn ask(&self, address: SocketAddr, request: &str) -> io::Result<Answer> {
        ask(&mut self.connect(address)?, request)
    }

    pub(crate) fn connect(&self, address: SocketAddr) -> io::Result<Connection> {
        let mut provider = rustls::crypto::ring::default_provider();
        if let Some(suites) = &self.suites {
            provider.cipher_suites.clone_from(suites);
        }
        let mut roots = RootCertStore::empty();
        roots.add(self.trusts.der().into()).unwrap();
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
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut stream = StreamOwned::new(connection, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(BufReader::new(stream))
    }
}

/// The answer to a request on a connection that is kept.
pub(crate) fn ask(connection: &mut Connection, request: &str) -> io::Result<Answer> {
    let mut lines = request.lines();
    let mut text = format!("{} HTTP/1.1\r\nHost: localhost\r\n", lines.next().unwrap());
    text.extend(lines.flat_map(|line| [line.trim(), "\r\n"]));
    connection.get_mut().write_all((text + "\r\n").as_bytes())?;
    Answer::read(connection, request.starts_with("HEAD"))
}
