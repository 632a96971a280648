//! `basic_auth_users`: user names and passwords, and the queue for their verification.
//!
//! The verification of a password is slow on purpose. The queue limits what a flood of wrong passwords costs, in
//! processor time and for clients at other addresses.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bcrypt::HashParts;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use ring::hmac;
use ring::rand::SystemRandom;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::config_error::SettingError;
use crate::instrumented_io::Peer;
use crate::refusal::Refusal;

/// The highest cost of a hash; a higher one takes longer to verify than a scrape.
const MAX_COST: u32 = 15;
const MIN_COST: u32 = 4;
/// bcrypt ignores further bytes. Go refuses to hash a longer password, so no user has one.
const MAX_PASSWORD_BYTES: usize = 72;

/// A bcrypt hash of a password.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct PasswordHash(String);

impl TryFrom<String> for PasswordHash {
    type Error = String;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        let is_supported = ["$2a$", "$2b$", "$2y$"].iter().any(|version| given.starts_with(version));
        let parts = HashParts::from_str(&given).ok().filter(|_| is_supported && given.len() == 60);
        let parts = parts.ok_or("this is not a bcrypt hash; create one with: htpasswd -nBC 10 ''")?;
        match parts.get_cost() {
            MIN_COST..=MAX_COST => Ok(Self(given)),
            cost => Err(format!("the hash has cost {cost}; use a cost from {MIN_COST} to {MAX_COST}")),
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// All users.
pub(crate) struct Users {
    hashes: BTreeMap<String, PasswordHash>,
    /// A random key for each load of the configuration, so that its digests of user names cannot be predicted.
    key: hmac::Key,
    /// The digest of the credentials that each user last authenticated with.
    verified: Mutex<HashMap<String, hmac::Tag>>,
}

impl Users {
    /// Creates the list of users; `None` if it is empty.
    pub(super) fn new(hashes: BTreeMap<String, PasswordHash>) -> Result<Option<Self>, SettingError> {
        if hashes.is_empty() {
            return Ok(None);
        }
        let key =
            hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|_| SettingError::NoRandomness)?;
        Ok(Some(Self { hashes, key, verified: Mutex::default() }))
    }

    /// Checks the credentials of a request. An unknown name costs as much work as a wrong password.
    pub(crate) async fn authenticate(
        &self,
        headers: &HeaderMap,
        peer: Peer,
        queue: &PasswordQueue,
    ) -> Result<(), Refusal> {
        let credentials = Credentials::parse(headers).ok_or(Refusal::NoCredentials)?;
        let candidate = self.candidate(&credentials.user);
        let message = credentials.message(candidate.hash);
        if candidate.is_known && self.is_verified(&credentials.user, &message) {
            return Ok(());
        }
        let permit = queue.acquire(peer).await?;
        // An earlier request in the queue may have had the same credentials.
        if candidate.is_known && self.is_verified(&credentials.user, &message) {
            return Ok(());
        }
        let (hash, password) = (candidate.hash.0.clone(), credentials.password);
        let is_correct = tokio::task::spawn_blocking(move || {
            // The permit is held until the verification ends, also if the client disconnects.
            let _permit = permit;
            let hashed = &password[..password.len().min(MAX_PASSWORD_BYTES)];
            bcrypt::verify(hashed, &hash).unwrap_or(false) && password.len() <= MAX_PASSWORD_BYTES
        })
        .await
        .unwrap_or(false);
        if is_correct && candidate.is_known {
            self.verified().insert(credentials.user, hmac::sign(&self.key, &message));
            Ok(())
        } else {
            Err(Refusal::WrongCredentials)
        }
    }

    /// The hash to verify a password against. An unknown user gets the hash of a fixed known user, so that the refusal
    /// takes as long as for a wrong password.
    fn candidate(&self, user: &str) -> Candidate<'_> {
        if let Some(hash) = self.hashes.get(user) {
            return Candidate { hash, is_known: true };
        }
        let digest = hmac::sign(&self.key, user.as_bytes());
        let index =
            digest.as_ref().iter().fold(0, |index, byte| (index * 256 + usize::from(*byte)) % self.hashes.len());
        let hash = self.hashes.values().nth(index);
        Candidate { hash: hash.unwrap_or(&EMPTY_HASH), is_known: false }
    }

    /// Whether these credentials were verified before. `hmac::verify` compares in constant time.
    fn is_verified(&self, user: &str, message: &[u8]) -> bool {
        let verified = self.verified();
        verified.get(user).is_some_and(|tag| hmac::verify(&self.key, message, tag.as_ref()).is_ok())
    }

    fn verified(&self) -> MutexGuard<'_, HashMap<String, hmac::Tag>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static EMPTY_HASH: PasswordHash = PasswordHash(String::new());

struct Candidate<'a> {
    hash: &'a PasswordHash,
    is_known: bool,
}

/// The user name and password of a request.
struct Credentials {
    user: String,
    password: Vec<u8>,
}

impl Credentials {
    /// Parses the `Authorization` field; `None` unless there is exactly one, of the Basic scheme.
    fn parse(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (value, None) = (values.next()?, values.next()) else { return None };
        let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let decoded = STANDARD.decode(encoded.trim()).ok()?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let user = String::from_utf8(decoded[..colon].to_vec()).ok()?;
        Some(Self { user, password: decoded[colon + 1..].to_vec() })
    }

    /// The message that is authenticated. It is unambiguous: a hash has 60 bytes, and a user name has no colon.
    fn message(&self, hash: &PasswordHash) -> Vec<u8> {
        [hash.0.as_bytes(), self.user.as_bytes(), b":", &self.password].concat()
    }
}

/// The queue for the verification of passwords, one at a time.
#[derive(Debug)]
pub(crate) struct PasswordQueue {
    running: Arc<Semaphore>,
    waiting: Arc<Waiting>,
    limit: usize,
}

/// The number of waiting requests per address; `None` stands for the Unix sockets.
#[derive(Debug, Default)]
struct Waiting(Mutex<HashMap<Option<IpAddr>, usize>>);

/// An entry of the queue, which is removed on drop.
#[derive(Debug)]
struct QueueEntry {
    waiting: Arc<Waiting>,
    address: Option<IpAddr>,
}

/// The permission to verify a password now.
#[derive(Debug)]
pub(crate) struct PasswordPermit {
    _permit: OwnedSemaphorePermit,
    _entry: QueueEntry,
}

impl PasswordQueue {
    /// The limit for all addresses together is that of one address times this factor.
    const ADDRESS_FACTOR: usize = 4;

    /// Creates a queue with room for `limit` requests from one address.
    pub(crate) fn new(limit: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(1)), waiting: Arc::default(), limit }
    }

    /// Waits in the queue; fails at once if the queue is full.
    async fn acquire(&self, peer: Peer) -> Result<PasswordPermit, Refusal> {
        let address = match peer {
            Peer::Tcp(address) => Some(address.ip()),
            Peer::Unix => None,
        };
        let entry = self.enqueue(address).ok_or(Refusal::PasswordQueueFull)?;
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Refusal::PasswordQueueFull)?;
        Ok(PasswordPermit { _permit: permit, _entry: entry })
    }

    fn enqueue(&self, address: Option<IpAddr>) -> Option<QueueEntry> {
        let mut waiting = self.waiting.counts();
        if waiting.values().sum::<usize>() >= Self::ADDRESS_FACTOR * self.limit {
            return None;
        }
        let count = waiting.entry(address).or_default();
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(QueueEntry { waiting: Arc::clone(&self.waiting), address })
    }
}

impl Waiting {
    fn counts(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for QueueEntry {
    fn drop(&mut self) {
        let mut counts = self.waiting.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}
