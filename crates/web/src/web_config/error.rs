//! Why a web configuration cannot be used.

use std::io;
use std::path::PathBuf;

use mosaic_domain::ExitCode;

/// What is wrong with a web configuration, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum WebConfigError {
    /// The file itself.
    #[error("cannot read the web configuration {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not the document that it should be.
    #[error("the web configuration {} cannot be used: {message}", .path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// Where, and what was expected.
        message: String,
    },
    /// What it says cannot be done.
    #[error("the web configuration {} cannot be used: {source}", .path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// What.
        source: SettingError,
    },
}

impl WebConfigError {
    /// How a program ends that cannot go on without.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::Configuration
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// Half of what is needed.
    #[error("tls_server_config: there is no {missing}; TLS needs a certificate and its key")]
    Half {
        /// The keys, one of which is needed.
        missing: &'static str,
    },
    /// Two sources for the same.
    #[error("tls_server_config: {inline} and {inline}_file are both there; keep one of them")]
    Both {
        /// The key whose value is the text itself.
        inline: &'static str,
    },
    /// A file that it names.
    #[error("tls_server_config: cannot read {key} {}: {source}", .path.display())]
    Unreadable {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not PEM, or not of what is expected.
    #[error("tls_server_config: {key} {wrong}")]
    Pem {
        /// The key.
        key: &'static str,
        /// What is wrong, and what would be right.
        wrong: String,
    },
    /// Certificate and key.
    #[error("tls_server_config: the certificate and its key cannot be used: {0}")]
    Identity(rustls::Error),
    /// Versions and cipher suites.
    #[error("tls_server_config: no connection could be made: {0}")]
    Nothing(rustls::Error),
    /// The other way round than it should be.
    #[error("tls_server_config: min_version is above max_version; turn them round")]
    Versions,
    /// Certificate authorities whose word nobody asks for.
    #[error(
        "tls_server_config: client_ca or client_ca_file is there, and client_auth_type asks for no certificate; \
         write client_auth_type: RequireAndVerifyClientCert"
    )]
    NobodyAsked,
    /// Nobody whose word could count.
    #[error(
        "tls_server_config: client_auth_type verifies certificates, and there is neither client_ca nor \
         client_ca_file; name the certificate authority"
    )]
    NoAuthority,
    /// The authorities cannot be used.
    #[error("tls_server_config: client_ca or client_ca_file cannot be used: {0}")]
    Authority(String),
    /// Names that are compared with nothing.
    #[error(
        "tls_server_config: client_allowed_sans needs client_auth_type RequireAndVerifyClientCert or \
         RequireAnyClientCert; otherwise a client without a certificate has no name to compare"
    )]
    NamesUnused,
    /// The system gives no random bytes.
    #[error("the system gave no random bytes, which the check of passwords needs; try again")]
    NoRandomness,
}
