//! Numbers that follow from a seed: ids, depths, coins for faults. Not for secrets.

/// A well-mixed 64-bit number of two others (`splitmix64` over their mix).
#[must_use]
pub fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.rotate_left(17) ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A fraction from 0 to 1 of two numbers.
#[must_use]
pub fn share(seed: u64, number: u64) -> f64 {
    (mix(seed, number) >> 11) as f64 / 9_007_199_254_740_992.0
}

/// A version-4 UUID: number `number` of the kind `kind`.
#[must_use]
pub fn uuid(seed: u64, kind: u64, number: u64) -> String {
    let high = mix(mix(seed, kind), number);
    let low = mix(high, number ^ 0x5bd1_e995);
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
    let (d, e) = (0x8000 | (low >> 48) & 0x3fff, low & 0xffff_ffff_ffff);
    format!("{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
}

/// A spot id such as `OQCLML-BW3P3-BUCMWZ`: number `number` of the kind `kind` with its first letter.
#[must_use]
pub fn txid(seed: u64, kind: char, number: u64) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bits = [mix(seed, number), mix(seed ^ 0xabcd, number)]
        .into_iter()
        .flat_map(|word| (0..12).map(move |place| usize::try_from((word >> (place * 5)) & 31).unwrap_or(0)));
    let mut text = String::from(kind);
    for length in [5, 5, 6] {
        if text.len() > 1 {
            text.push('-');
        }
        for _ in 0..length {
            let digit = bits.next().and_then(|place| DIGITS.get(place)).copied().unwrap_or(b'A');
            text.push(char::from(digit));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shape_of_their_venue_and_differ() {
        let id = uuid(1, 2, 3);
        assert_eq!((id.len(), id.chars().nth(14), id.matches('-').count()), (36, Some('4'), 4));
        assert_ne!(id, uuid(1, 2, 4));
        let id = txid(1, 'O', 7);
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [6, 5, 6]);
        assert!(id.starts_with('O') && id != txid(2, 'O', 7));
    }
}
