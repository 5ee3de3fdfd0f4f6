//! The few things that are asked of cryptography.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use data_encoding::HEXLOWER;

use crate::error::ApiError;

/// Memory in KiB, passes and lanes of the hash, as OWASP's password storage cheat sheet has them for
/// Argon2id. What is hashed has 256 random bits, so this is a second fence.
pub(super) const COST: (u32, u32, u32) = (19_456, 2, 1);

/// 256 random bits, or as many bytes as wanted, as hexadecimal digits.
pub(super) fn random_hex<const N: usize>() -> Result<String, ApiError> {
    let mut bytes = [0_u8; N];
    rand::fill(&mut bytes).map_err(|_| ApiError::Crypto("the system gives no random numbers"))?;
    Ok(HEXLOWER.encode(&bytes))
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    let hash = digest(&SHA256, bytes);
    if let Some(hash) = hash.as_ref().first_chunk::<32>() {
        out = *hash;
    }
    out
}

/// Argon2id of a secret.
pub(super) fn argon2id(secret: &[u8], salt: &[u8], cost: (u32, u32, u32)) -> Result<[u8; 32], ApiError> {
    let failed = |_| ApiError::Crypto("the hash cannot be made");
    let params = Params::new(cost.0, cost.1, cost.2, Some(32)).map_err(failed)?;
    let mut out = [0; 32];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(secret, salt, &mut out).map_err(failed)?;
    Ok(out)
}

/// Compares without telling by the time it takes where both differ.
pub(super) fn are_equal(a: &[u8], b: &[u8]) -> bool {
    verify_slices_are_equal(a, b).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_depends_on_the_secret_and_on_the_salt() {
        let hash = argon2id(b"password", b"somesaltsomesalt", (64, 2, 1)).unwrap();
        assert_eq!(hash, argon2id(b"password", b"somesaltsomesalt", (64, 2, 1)).unwrap());
        assert_ne!(hash, argon2id(b"passwore", b"somesaltsomesalt", (64, 2, 1)).unwrap());
        assert_ne!(hash, argon2id(b"password", b"somesaltsomesalu", (64, 2, 1)).unwrap());
    }

    #[test]
    fn random_numbers_do_not_repeat() {
        let (a, b) = (random_hex::<32>().unwrap(), random_hex::<32>().unwrap());
        assert_eq!((a.len(), b.len()), (64, 64));
        assert_ne!(a, b);
    }

    #[test]
    fn sha256_is_that_of_fips_180_4() {
        let hash = HEXLOWER.encode(&sha256(b"abc"));
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
