import COpenSSL

/// What NaCl calls a secret box: XSalsa20 with Poly1305 ("Cryptography in NaCl", sections 7 to 10).
///
/// cosign keeps private keys in one. OpenSSL has the authenticator and not the cipher; the cipher alone is written here.
enum SecretBox {
    static let keyBytes = 32
    static let nonceBytes = 24
    private static let tagBytes = 16

    /// The content; nil where the box was not sealed with this key and nonce, or was changed since.
    static func open(_ box: [UInt8], key: SecretBytes, nonce: [UInt8]) -> SecretBytes? {
        guard box.count >= tagBytes, key.count == keyBytes, nonce.count == nonceBytes else { return nil }
        let sealed = Array(box.dropFirst(tagBytes))
        let words = key.withUnsafeBytes { Salsa20.words($0) }
        let inner = Salsa20.derive(words, Salsa20.words(nonce.prefix(16)))
        let stream = Salsa20.stream(inner, nonce: Salsa20.words(nonce.suffix(8)), count: keyBytes + sealed.count)
        let tag = stream.withUnsafeBytes { poly1305(sealed, key: Array($0.prefix(keyBytes))) }
        guard let tag, CRYPTO_memcmp(tag, Array(box.prefix(tagBytes)), tagBytes) == 0 else { return nil }
        return stream.withUnsafeBytes { pad in
            SecretBytes(zip(sealed, pad.dropFirst(keyBytes)).map { $0 ^ $1 })
        }
    }

    private static func poly1305(_ message: [UInt8], key: [UInt8]) -> [UInt8]? {
        guard let algorithm = OpenSSLHandle(EVP_MAC_fetch(nil, "POLY1305", nil), { EVP_MAC_free($0) }),
            let context = OpenSSLHandle(EVP_MAC_CTX_new(algorithm.pointer), { EVP_MAC_CTX_free($0) })
        else { return nil }
        var tag = [UInt8](repeating: 0, count: tagBytes)
        var count = 0
        guard EVP_MAC_init(context.pointer, key, key.count, nil) == 1,
            EVP_MAC_update(context.pointer, message, message.count) == 1,
            EVP_MAC_final(context.pointer, &tag, &count, tag.count) == 1, count == tagBytes
        else { return nil }
        return tag
    }
}

/// The cipher Salsa20 (D. J. Bernstein, "The Salsa20 family of stream ciphers").
private enum Salsa20 {
    /// "expand 32-byte k".
    private static let constants: [UInt32] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]
    /// Which words the four quarters of each half of a double round mix.
    private static let quarters: [(Int, Int, Int, Int)] = [
        (0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11),
        (0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14),
    ]

    /// Little-endian words.
    static func words(_ bytes: some Collection<UInt8>) -> [UInt32] {
        var words: [UInt32] = []
        for (index, byte) in bytes.enumerated() {
            if index % 4 == 0 { words.append(0) }
            words[index / 4] |= UInt32(byte) << UInt32(8 * (index % 4))
        }
        return words
    }

    /// HSalsa20: the key of a longer nonce.
    static func derive(_ key: [UInt32], _ input: [UInt32]) -> [UInt32] {
        let mixed = rounds(state(key, input))
        return [0, 5, 10, 15, 6, 7, 8, 9].map { mixed[$0] }
    }

    /// So many bytes of the key stream.
    static func stream(_ key: [UInt32], nonce: [UInt32], count: Int) -> SecretBytes {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 64)
        var block: UInt64 = 0
        while bytes.count < count {
            let counter = [UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32)]
            let start = state(key, nonce + counter)
            for (mixed, word) in zip(rounds(start), start) {
                let sum = mixed &+ word
                for shift in stride(from: UInt32(0), to: 32, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: sum >> shift))
                }
            }
            block += 1
        }
        return SecretBytes(bytes.prefix(count))
    }

    private static func state(_ key: [UInt32], _ input: [UInt32]) -> [UInt32] {
        [constants[0]] + key[0..<4] + [constants[1]] + input + [constants[2]] + key[4..<8] + [constants[3]]
    }

    private static func rounds(_ start: [UInt32]) -> [UInt32] {
        var x = start
        func turn(_ sum: UInt32, _ count: UInt32) -> UInt32 { sum << count | sum >> (32 - count) }
        for _ in 0..<10 {
            for (a, b, c, d) in quarters {
                x[b] ^= turn(x[a] &+ x[d], 7)
                x[c] ^= turn(x[b] &+ x[a], 9)
                x[d] ^= turn(x[c] &+ x[b], 13)
                x[a] ^= turn(x[d] &+ x[c], 18)
            }
        }
        return x
    }
}
