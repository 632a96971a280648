//! `basic_auth_users`: who may ask, by name and password.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bcrypt::HashParts;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use ring::hmac;
use ring::rand::SystemRandom;
use serde::Deserialize;

use super::error::SettingError;
use crate::password_queue::PasswordQueue;
use crate::refusal::Refusal;
use crate::stream::Peer;

/// A check of a higher cost takes longer than a scrape does.
const MOST_COST: u32 = 15;
const LEAST_COST: u32 = 4;
/// bcrypt reads no further. Go refuses to hash more, so that nobody has such a password.
const PASSWORD_BYTES: usize = 72;

/// A password as bcrypt has it.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct PasswordHash(String);

impl TryFrom<String> for PasswordHash {
    type Error = String;

    fn try_from(given: String) -> Result<Self, Self::Error> {
        let is_ours = ["$2a$", "$2b$", "$2y$"].iter().any(|version| given.starts_with(version));
        let parts = HashParts::from_str(&given).ok().filter(|_| is_ours && given.len() == 60);
        let parts = parts.ok_or("this is not a bcrypt hash; make one with: htpasswd -nBC 10 ''")?;
        match parts.get_cost() {
            LEAST_COST..=MOST_COST => Ok(Self(given)),
            cost => Err(format!("the hash has cost {cost}; from {LEAST_COST} to {MOST_COST} is taken")),
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// Everybody who may ask.
pub(crate) struct Users {
    hashes: BTreeMap<String, PasswordHash>,
    /// Made anew at each start and reading, so that nobody can reckon beforehand what it makes of a name.
    key: hmac::Key,
    /// What was right the last time, of each user, as only the key can tell.
    right: Mutex<HashMap<String, hmac::Tag>>,
}

impl Users {
    pub(super) fn of(hashes: BTreeMap<String, PasswordHash>) -> Result<Option<Self>, SettingError> {
        if hashes.is_empty() {
            return Ok(None);
        }
        let key =
            hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map_err(|_| SettingError::NoRandomness)?;
        Ok(Some(Self { hashes, key, right: Mutex::default() }))
    }

    /// Lets a request in, or says why not. A wrong name costs what a wrong password does.
    pub(crate) async fn admit(&self, headers: &HeaderMap, peer: Peer, queue: &PasswordQueue) -> Result<(), Refusal> {
        let given = Given::of(headers).ok_or(Refusal::NoCredentials)?;
        let check = self.check(&given.user);
        let sealed = given.sealed(check.hash);
        if check.is_known && self.was_right(&given.user, &sealed) {
            return Ok(());
        }
        let turn = queue.turn(peer).await?;
        // Somebody before us in the row may have had the same.
        if check.is_known && self.was_right(&given.user, &sealed) {
            return Ok(());
        }
        let (hash, password) = (check.hash.0.clone(), given.password);
        let is_right = tokio::task::spawn_blocking(move || {
            // Held until it is done, also if the client is gone before.
            let _turn = turn;
            let read = &password[..password.len().min(PASSWORD_BYTES)];
            bcrypt::verify(read, &hash).unwrap_or(false) && password.len() <= PASSWORD_BYTES
        })
        .await
        .unwrap_or(false);
        if is_right && check.is_known {
            self.right().insert(given.user, hmac::sign(&self.key, &sealed));
            Ok(())
        } else {
            Err(Refusal::WrongCredentials)
        }
    }

    /// What a password is compared with. Somebody unknown gets the hash of one of the users, the same each time, so
    /// that it takes as long as it would for some user; what comes of it does not count.
    fn check(&self, user: &str) -> Check<'_> {
        if let Some(hash) = self.hashes.get(user) {
            return Check { hash, is_known: true };
        }
        let digest = hmac::sign(&self.key, user.as_bytes());
        let number =
            digest.as_ref().iter().fold(0, |number, byte| (number * 256 + usize::from(*byte)) % self.hashes.len());
        let hash = self.hashes.values().nth(number);
        // There is one: without users there is no check.
        Check { hash: hash.unwrap_or(&NOBODYS), is_known: false }
    }

    /// `hmac::verify` compares in constant time.
    fn was_right(&self, user: &str, sealed: &[u8]) -> bool {
        let right = self.right();
        right.get(user).is_some_and(|tag| hmac::verify(&self.key, sealed, tag.as_ref()).is_ok())
    }

    fn right(&self) -> MutexGuard<'_, HashMap<String, hmac::Tag>> {
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static NOBODYS: PasswordHash = PasswordHash(String::new());

struct Check<'a> {
    hash: &'a PasswordHash,
    is_known: bool,
}

/// What a request says of who asks.
struct Given {
    user: String,
    password: Vec<u8>,
}

impl Given {
    fn of(headers: &HeaderMap) -> Option<Self> {
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

    /// All of it in one, unambiguous: a hash always has 60 bytes, and a name no colon.
    fn sealed(&self, hash: &PasswordHash) -> Vec<u8> {
        [hash.0.as_bytes(), self.user.as_bytes(), b":", &self.password].concat()
    }
}
