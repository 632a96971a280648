//! The errors of a web configuration.

use std::io;
use std::path::PathBuf;

/// What is wrong with a web configuration, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum WebConfigError {
    /// The file cannot be read.
    #[error("cannot read the web configuration {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the kernel.
        source: io::Error,
    },
    /// The file is not a web configuration.
    #[error("the web configuration {} is invalid: {message}", .path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// The place of the error, and what is expected there.
        message: String,
    },
    /// A setting cannot be applied.
    #[error("the web configuration {} is invalid: {source}", .path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The setting, and what is wrong with it.
        source: SettingError,
    },
}

/// A setting that cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// TLS lacks its certificate or its key.
    #[error("tls_server_config: {missing} is missing; TLS needs a certificate and its key")]
    Missing {
        /// The two keys of which one is needed.
        missing: &'static str,
    },
    /// A value is given both inline and as a file.
    #[error("tls_server_config: {inline} and {inline}_file are both set; keep one of them")]
    InlineAndFile {
        /// The key of the inline value.
        inline: &'static str,
    },
    /// A file that the configuration names cannot be read.
    #[error("tls_server_config: cannot read {key} {}: {source}", .path.display())]
    Unreadable {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the kernel.
        source: io::Error,
    },
    /// A text is not PEM, or contains something else than expected.
    #[error("tls_server_config: {key} {problem}")]
    Pem {
        /// The key.
        key: &'static str,
        /// What is wrong, and what is expected.
        problem: String,
    },
    /// The certificate and the key do not belong together or are not supported.
    #[error("tls_server_config: the certificate and its key cannot be used: {0}")]
    Identity(rustls::Error),
    /// The TLS versions and cipher suites exclude each other.
    #[error("tls_server_config: no connection is possible with these versions and cipher suites: {0}")]
    Protocol(rustls::Error),
    /// The lowest version is higher than the highest.
    #[error("tls_server_config: min_version is higher than max_version; swap them")]
    VersionOrder,
    /// Certificate authorities are given, but no client certificate is verified.
    #[error(
        "tls_server_config: client_ca or client_ca_file is set, but client_auth_type requests no certificate; set \
         client_auth_type: RequireAndVerifyClientCert"
    )]
    ClientCaUnused,
    /// Client certificates are verified, but no certificate authority is given.
    #[error(
        "tls_server_config: client_auth_type verifies certificates, but neither client_ca nor client_ca_file is set; \
         name the certificate authority"
    )]
    NoClientCa,
    /// The certificate authorities cannot be used.
    #[error("tls_server_config: client_ca or client_ca_file cannot be used: {0}")]
    ClientCa(String),
    /// Names are allowed, but no certificate is required.
    #[error(
        "tls_server_config: client_allowed_sans needs client_auth_type RequireAndVerifyClientCert or \
         RequireAnyClientCert, because a client without a certificate has no name to compare"
    )]
    AllowedSansUnused,
    /// The kernel returns no random bytes.
    #[error("the kernel returned no random bytes, which the verification of passwords needs; try again")]
    NoRandomness,
}
