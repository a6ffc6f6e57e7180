//! Small integers packed side by side in bytes.

/// Bits for each position in a table of `num_entries` (at most 256).
pub(super) fn index_bits(num_entries: usize) -> usize {
    match num_entries {
        0..=16 => 4,
        17..=64 => 6,
        _ => 8,
    }
}

/// Bytes of `count` integers of `bits` bits.
pub(super) fn packed_len(count: usize, bits: usize) -> Option<usize> {
    Some(count.checked_mul(bits)?.div_ceil(8))
}

/// Packs integers below `1 << bits`, lowest bits first.
pub(super) fn pack(indices: &[u8], bits: usize) -> Vec<u8> {
    let mut packed = vec![0; (indices.len() * bits).div_ceil(8)];
    for (i, index) in indices.iter().enumerate() {
        let (byte, shift) = (i * bits / 8, i * bits % 8);
        let word = u16::from(*index) << shift;
        packed[byte] |= word as u8;
        if shift + bits > 8 {
            packed[byte + 1] |= (word >> 8) as u8;
        }
    }
    packed
}

/// Integer `i` in `packed`, which must hold more than `i` integers.
pub(super) fn unpack(packed: &[u8], bits: usize, i: usize) -> usize {
    let (byte, shift) = (i * bits / 8, i * bits % 8);
    let low = u16::from(packed[byte]);
    let high = packed.get(byte + 1).map_or(0, |byte| u16::from(*byte));
    usize::from((low | high << 8) >> shift) & ((1 << bits) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back() {
        for bits in [4, 6, 8] {
            for count in 0..20 {
                let indices: Vec<u8> = (0..count).map(|i| (i * 37 + 5) as u8 & ((1_u16 << bits) - 1) as u8).collect();
                let packed = pack(&indices, bits);
                assert_eq!(Some(packed.len()), packed_len(count, bits));
                let unpacked: Vec<u8> = (0..count).map(|i| unpack(&packed, bits, i) as u8).collect();
                assert_eq!(unpacked, indices, "{bits} bits");
            }
        }
    }

    #[test]
    fn lowest_bits_come_first() {
        assert_eq!(pack(&[0x1, 0x2, 0x3], 4), [0x21, 0x03]);
        assert_eq!(pack(&[0b10_0001, 0b11_0010], 6), [0b1010_0001, 0b0000_1100]);
        assert_eq!(pack(&[7, 200], 8), [7, 200]);
    }
}
