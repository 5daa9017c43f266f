import Crypto

/// A checksum that S3 verifies on upload.
struct S3Checksum: Sendable {
    /// The algorithms, by the end of their header's name.
    enum Algorithm: String, Sendable, Hashable, CaseIterable {
        case crc32
        case crc32c
        case crc64nvme
        case sha1
        case sha256

        /// The header that carries it.
        var header: String { "x-amz-checksum-" + rawValue }
    }

    private enum State: Sendable {
        case crc(UInt64, width: Int, table: [UInt64])
        case sha1(Insecure.SHA1)
        case sha256(SHA256)
    }

    let algorithm: Algorithm
    private var state: State

    init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        switch algorithm {
        case .crc32: state = .crc(0xFFFF_FFFF, width: 32, table: S3Checksum.crc32)
        case .crc32c: state = .crc(0xFFFF_FFFF, width: 32, table: S3Checksum.crc32c)
        case .crc64nvme: state = .crc(.max, width: 64, table: S3Checksum.crc64nvme)
        case .sha1: state = .sha1(Insecure.SHA1())
        case .sha256: state = .sha256(SHA256())
        }
    }

    /// Adds bytes.
    mutating func update(_ bytes: [UInt8]) {
        switch state {
        case .crc(var value, let width, let table):
            for byte in bytes { value = value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] }
            state = .crc(value, width: width, table: table)
        case .sha1(var hash):
            hash.update(data: bytes)
            state = .sha1(hash)
        case .sha256(var hash):
            hash.update(data: bytes)
            state = .sha256(hash)
        }
    }

    /// The checksum of what was added, as the header has it: Base64 of its bytes, most significant first.
    var value: String {
        switch state {
        case .crc(let value, let width, _):
            stride(from: width - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: ~value >> UInt64($0)) }.base64
        case .sha1(let hash): Array(hash.finalize()).base64
        case .sha256(let hash): Array(hash.finalize()).base64
        }
    }

    // Polynomials with their bits reversed, lowest first.
    private static let crc32 = table(0xEDB8_8320)
    private static let crc32c = table(0x82F6_3B78)
    private static let crc64nvme = table(0x9A6C_9329_AC4B_C9B5)

    private static func table(_ polynomial: UInt64) -> [UInt64] {
        (0..<256).map { index in
            (0..<8).reduce(UInt64(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
        }
    }
}
