//! Key files: a password opens each, and each holds the same master key.

#[cfg(target_arch = "x86_64")]
mod scrypt_pairs;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::crypto::MasterKey;
use crate::identity::Identity;
use crate::secret::Password;

/// Bytes of salt that restic demands.
const SALT_BYTES: usize = 64;

/// scrypt may use so much memory at once (restic's calibration: 60 MiB).
const KDF_MEMORY_BYTES_MAX: u64 = 60 << 20;

/// How long deriving a key should take on the computer that makes it (restic's calibration).
const KDF_DURATION: Duration = Duration::from_millis(500);

/// A key file that asks for more memory than this is taken for damaged or hostile.
const KDF_MEMORY_BYTES_HOSTILE: u64 = 4 << 30;

/// A lane that takes more memory than this is worked on by itself: two at once would take too much.
#[cfg(target_arch = "x86_64")]
const PAIRED_LANE_BYTES_MAX: usize = 64 << 20;

/// So many threads at most work on pairs of lanes, so that these never take more than 2 GiB.
#[cfg(target_arch = "x86_64")]
const PAIRING_THREADS_MAX: usize = 16;

/// A key file that asks for passing over more memory than this, which takes minutes, is too.
const KDF_WORK_BYTES_HOSTILE: u64 = 256 << 30;

/// The contents of a key file, in restic's order.
///
/// ```
/// use holdfast_engine::crypto::MasterKey;
/// use holdfast_engine::key::{KdfCost, KeyFile};
/// use holdfast_engine::secret::Password;
///
/// let master = MasterKey::generate()?;
/// let password = Password::new("correct horse");
/// let (cost, identity) = (KdfCost::least_for_tests(), holdfast_testkit::identity());
/// let created = "2026-03-27T09:00:00Z".to_owned();
/// let file = KeyFile::new(&master, &password, cost, &identity, created)?;
/// let opened = file.open(&password)?;
/// assert_eq!(opened.open(&master.seal(b"Dear reader"))?, b"Dear reader");
/// assert!(file.open(&Password::new("wrong")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyFile {
    /// When it was made.
    pub created: String,
    /// Who made it.
    pub username: String,
    /// On which computer.
    pub hostname: String,
    /// The key derivation function, always `scrypt`.
    pub kdf: String,
    /// scrypt's cost.
    #[serde(rename = "N")]
    pub n: u64,
    /// scrypt's block size.
    pub r: u32,
    /// scrypt's parallelism.
    pub p: u32,
    /// scrypt's salt, base64.
    pub salt: String,
    /// The sealed master key, base64.
    pub data: String,
}

/// How much work deriving a key from a password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    n: u64,
    r: u32,
    p: u32,
}

/// Why a key file gave no master key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The password is not this key's. Another key may fit.
    #[error("the password does not fit")]
    WrongPassword,
    /// The file is not one that restic could have written.
    #[error("it is not a valid key file: {reason}")]
    Invalid {
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl KdfCost {
    /// The least cost that takes this computer about half a second, chosen as restic does.
    #[must_use]
    pub fn calibrate(clock: &dyn Clock) -> Self {
        let mut cost = Self { n: 1, r: 8, p: 1 };
        while 128 * u64::from(cost.r) * cost.n * 2 < KDF_MEMORY_BYTES_MAX {
            cost.n *= 2;
        }
        let measure = |cost: Self| {
            let params = cost.params().expect("a calibrated cost is valid");
            let before = clock.awake();
            // As others derive it: what is quicker here is no reason to make them work longer.
            let password = Password::new("calibration");
            derive_plainly(&password, &[0; SALT_BYTES], &params, &mut [0; 64]);
            clock.awake().saturating_sub(before)
        };
        let mut once = measure(cost);
        while once > KDF_DURATION && cost.n > 1024 {
            cost.n /= 2;
            once = measure(cost);
        }
        // The lanes of `p` run beside each other here, and one after the other in restic.
        let lanes = KDF_DURATION.as_micros() / once.as_micros().max(1);
        cost.p = u32::try_from(lanes).unwrap_or(u32::MAX).clamp(1, 32);
        cost
    }

    /// Too little to protect anything, and quick: for tests.
    #[must_use]
    pub fn least_for_tests() -> Self {
        Self { n: 2, r: 8, p: 1 }
    }

    fn derive(self, password: &Password, salt: &[u8]) -> Result<MasterKey, KeyError> {
        let invalid = || KeyError::Invalid { reason: "its key derivation cannot be carried out" };
        // Every core works on a lane of its own, each with as much memory as all of `n` takes; or on
        // two, where these take 2 GiB at most.
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
        let lane = 128_u64.checked_mul(self.r.into()).and_then(|b| b.checked_mul(self.n));
        // All lanes begin in one block each, which are there at the same time.
        let blocks = 128_u64.checked_mul(self.r.into()).and_then(|b| b.checked_mul(self.p.into()));
        let memory = lane.and_then(|b| b.checked_mul(cores.min(self.p.into())));
        let memory = memory.zip(blocks).and_then(|(lanes, blocks)| lanes.checked_add(blocks));
        let work = lane.and_then(|b| b.checked_mul(self.p.into()));
        let within = |bytes: Option<u64>, max| bytes.is_some_and(|b| b <= max);
        if !self.n.is_power_of_two()
            || self.n < 2
            || !within(memory, KDF_MEMORY_BYTES_HOSTILE)
            || !within(work, KDF_WORK_BYTES_HOSTILE)
        {
            return Err(invalid());
        }
        let params = self.params()?;
        let mut bytes = Zeroizing::new([0u8; 64]);
        if !self.derive_in_pairs(password, salt, &mut bytes) {
            derive_plainly(password, salt, &params, &mut bytes);
        }
        Ok(MasterKey::from_bytes(&bytes))
    }

    /// Derives it the fast way; false where there is none.
    #[cfg(target_arch = "x86_64")]
    fn derive_in_pairs(self, password: &Password, salt: &[u8], out: &mut [u8; 64]) -> bool {
        let Some(registers) = scrypt_pairs::Registers::of_this_computer() else { return false };
        let Ok(n) = usize::try_from(self.n) else { return false };
        let cost = scrypt_pairs::Cost { n, r: self.r as usize, p: self.p as usize };
        if cost.lane_bytes() > PAIRED_LANE_BYTES_MAX {
            return false;
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.min(PAIRING_THREADS_MAX);
        scrypt_pairs::derive(registers, password.expose_bytes(), salt, cost, threads, out);
        true
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn derive_in_pairs(self, _: &Password, _: &[u8], _: &mut [u8; 64]) -> bool {
        false
    }

    fn params(self) -> Result<scrypt::Params, KeyError> {
        let invalid = || KeyError::Invalid { reason: "its key derivation cannot be carried out" };
        let log_n = u8::try_from(self.n.trailing_zeros()).map_err(|_| invalid())?;
        scrypt::Params::new(log_n, self.r, self.p).map_err(|_| invalid())
    }
}

fn derive_plainly(password: &Password, salt: &[u8], params: &scrypt::Params, out: &mut [u8; 64]) {
    scrypt::scrypt(password.expose_bytes(), salt, params, out)
        .expect("64 bytes are neither none nor too many");
}

impl KeyFile {
    /// A key file with which `password` opens `master`.
    ///
    /// # Errors
    /// When the operating system has no random bytes.
    pub fn new(
        master: &MasterKey,
        password: &Password,
        cost: KdfCost,
        identity: &Identity,
        created: String,
    ) -> Result<Self, getrandom::Error> {
        let mut salt = [0u8; SALT_BYTES];
        getrandom::fill(&mut salt)?;
        let derived = cost.derive(password, &salt).expect("a calibrated cost is valid");
        Ok(Self {
            created,
            username: identity.username.clone(),
            hostname: identity.hostname.clone(),
            kdf: "scrypt".to_owned(),
            n: cost.n,
            r: cost.r,
            p: cost.p,
            salt: BASE64.encode(salt),
            data: BASE64.encode(derived.seal(&master.to_json())),
        })
    }

    /// Reads a key file's bytes.
    ///
    /// # Errors
    /// When they are not a key file's.
    pub fn from_json(bytes: &[u8]) -> Result<Self, KeyError> {
        serde_json::from_slice(bytes).map_err(|_| KeyError::Invalid { reason: "it is not JSON" })
    }

    /// The master key, if `password` is this key's. Takes about half a second.
    ///
    /// # Errors
    /// [`KeyError::WrongPassword`], or what is wrong with the file.
    pub fn open(&self, password: &Password) -> Result<MasterKey, KeyError> {
        if self.kdf != "scrypt" {
            return Err(KeyError::Invalid { reason: "it does not use scrypt" });
        }
        let not_base64 = |_| KeyError::Invalid { reason: "it holds text that is not base64" };
        let salt = BASE64.decode(&self.salt).map_err(not_base64)?;
        let data = BASE64.decode(&self.data).map_err(not_base64)?;
        if salt.len() != SALT_BYTES {
            return Err(KeyError::Invalid { reason: "its salt has the wrong length" });
        }
        let derived = KdfCost { n: self.n, r: self.r, p: self.p }.derive(password, &salt)?;
        let json = Zeroizing::new(derived.open(&data).map_err(|_| KeyError::WrongPassword)?);
        MasterKey::from_json(&json)
            .ok_or(KeyError::Invalid { reason: "what it seals is not a master key" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_that_asks_for_much_memory_or_time_is_refused() {
        let password = Password::new("secret");
        let max = u32::MAX;
        for (n, r, p) in [
            (1 << 26, 8, 1),
            (1 << 20, 8, 1 << 20),
            (2, 1, 1 << 28),
            (2, 1 << 27, 1),
            (2, max, max),
            (1 << 63, max, max),
        ] {
            let refused = KdfCost { n, r, p }.derive(&password, &[0; SALT_BYTES]);
            assert!(matches!(refused, Err(KeyError::Invalid { .. })), "{n} {r} {p}");
        }
        assert!(KdfCost::least_for_tests().derive(&password, &[0; SALT_BYTES]).is_ok());
    }
}
