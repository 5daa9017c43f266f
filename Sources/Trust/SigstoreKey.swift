import Artifacts
import COpenSSL
import JSON

/// The form in which `cosign generate-key-pair` writes a private key: PKCS#8 in a secret box, whose key is stretched from
/// the password by scrypt (secure-systems-lab/go-securesystemslib, package encrypted).
enum SigstoreKey {
    /// The names of its PEM blocks, of cosign 2 and later and of cosign 1.
    static let blocks: Set<String> = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"]

    /// scrypt needs 128 times this many bytes: 128 MiB, twice of what cosign asks for.
    private static let maximumBlocks = 1 << 20

    /// Opens a block. Throws `malformed`, `unsupported`, `tooCostly`, `passwordMissing` and `wrongPassword`.
    static func open(
        _ block: UnsafeBufferPointer<UInt8>,
        _ password: KeyPassword?,
        _ budget: inout DecryptionBudget
    ) throws(TrustError) -> OpenSSLHandle {
        guard let document = try? JSONValue(parsing: Array(block)), let kdf = document["kdf"],
            let salt = kdf["salt"]?.string.flatMap(Base64.decode),
            let cost = kdf["params"]?["N"]?.integer, let size = kdf["params"]?["r"]?.integer,
            let lanes = kdf["params"]?["p"]?.integer,
            let nonce = document["cipher"]?["nonce"]?.string.flatMap(Base64.decode),
            let box = document["ciphertext"]?.string.flatMap(Base64.decode)
        else { throw TrustError(.malformed, "the private key in cosign's form is broken") }
        guard kdf["name"]?.string == "scrypt", document["cipher"]?["name"]?.string == "nacl/secretbox" else {
            throw TrustError(
                .unsupported,
                "the private key in cosign's form is encrypted in a way that is not known; make it with cosign 1, 2 or 3"
            )
        }
        guard (2...(1 << 20)).contains(cost), (1...64).contains(size), (1...16).contains(lanes),
            cost * size <= maximumBlocks
        else {
            throw TrustError(
                .tooCostly,
                "the private key wants more than 128 MiB of memory for its password; make it anew"
            )
        }
        try budget.spend(Int(cost * size * lanes))
        let key = try stretch(password ?? KeyPassword(SecretBytes([])), salt, cost, size, lanes)
        guard let plain = SecretBox.open(box, key: key, nonce: nonce) else {
            // cosign takes the empty password for one.
            throw password == nil ? PEMReader.passwordMissing : PEMReader.wrongPassword
        }
        ERR_clear_error()
        defer { ERR_clear_error() }
        let parsed = plain.withUnsafeBytes { bytes in
            var cursor = bytes.bindMemory(to: UInt8.self).baseAddress
            return d2i_AutoPrivateKey(nil, &cursor, bytes.count)
        }
        guard let handle = OpenSSLHandle(parsed, { EVP_PKEY_free($0) }) else {
            throw TrustError(.malformed, "the private key in cosign's form holds no key")
        }
        return handle
    }

    private static func stretch(
        _ password: KeyPassword,
        _ salt: [UInt8],
        _ cost: Int64,
        _ size: Int64,
        _ lanes: Int64
    ) throws(TrustError) -> SecretBytes {
        var key = [UInt8](repeating: 0, count: SecretBox.keyBytes)
        defer { OPENSSL_cleanse(&key, key.count) }
        let isStretched = password.withCString { text, count in
            EVP_PBE_scrypt(
                text,
                Int(count),
                salt,
                salt.count,
                UInt64(cost),
                UInt64(size),
                UInt64(lanes),
                // Room for its tables beside the blocks.
                UInt64(128 * maximumBlocks + (32 << 20)),
                &key,
                key.count
            ) == 1
        }
        guard isStretched else { throw TrustError(.tooCostly, "the password of the private key cannot be stretched") }
        return SecretBytes(key)
    }
}
