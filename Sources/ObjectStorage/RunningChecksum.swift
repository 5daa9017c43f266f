import Artifacts
import Crypto

/// A checksum of any kind that stores keep, computed piece by piece.
public struct RunningChecksum: Sendable {
    private enum State: Sendable {
        case md5(Insecure.MD5)
        case sha1(Insecure.SHA1)
        case sha256(SHA256)
        case cyclic(CyclicRedundancyCheck)
    }

    private var state: State

    /// The checksum of nothing so far.
    public init(_ algorithm: StoredChecksum.Algorithm) {
        switch algorithm {
        case .md5: state = .md5(Insecure.MD5())
        case .sha1: state = .sha1(Insecure.SHA1())
        case .sha256: state = .sha256(SHA256())
        case .crc64nvme: state = .cyclic(.crc64nvme)
        case .crc32: state = .cyclic(.crc32)
        case .crc32c: state = .cyclic(.crc32c)
        }
    }

    /// Adds bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .md5(var hash):
            hash.update(bufferPointer: bytes)
            state = .md5(hash)
        case .sha1(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha1(hash)
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            state = .sha256(hash)
        case .cyclic(var check):
            check.update(bytes)
            state = .cyclic(check)
        }
    }

    /// The checksum of what was added, in lower-case hexadecimal.
    public var hex: String {
        switch state {
        case .md5(let hash): Array(hash.finalize()).hexadecimal
        case .sha1(let hash): Array(hash.finalize()).hexadecimal
        case .sha256(let hash): Array(hash.finalize()).hexadecimal
        case .cyclic(let check): check.bytes.hexadecimal
        }
    }
}

/// A cyclic redundancy check with reflected bits, all ones at the start and inverted at the end, as S3 has them: CRC-32
/// (ISO-HDLC), CRC-32C (Castagnoli) and CRC-64/NVME.
struct CyclicRedundancyCheck: Sendable {
    private let width: Int
    private let table: [UInt64]
    private var value: UInt64

    static let crc32 = CyclicRedundancyCheck(width: 32, reversed: 0xEDB8_8320)
    static let crc32c = CyclicRedundancyCheck(width: 32, reversed: 0x82F6_3B78)
    static let crc64nvme = CyclicRedundancyCheck(width: 64, reversed: 0x9A6C_9329_AC4B_C9B5)

    /// - Parameter polynomial: with its bits reversed.
    private init(width: Int, reversed polynomial: UInt64) {
        self.width = width
        value = .max >> UInt64(64 - width)
        // Eight tables of 256 entries: table k holds the effect of a byte that k bytes follow ("slicing by eight").
        var table = [UInt64](repeating: 0, count: 8 * 256)
        for index in 0..<256 {
            table[index] = (0..<8).reduce(UInt64(index)) { value, _ in
                value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1
            }
        }
        for index in 256..<2048 { table[index] = table[index - 256] >> 8 ^ table[Int(table[index - 256] & 0xFF)] }
        self.table = table
    }

    /// Adds bytes.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var value = value
        table.withUnsafeBufferPointer { table in
            var index = 0
            while index + 8 <= bytes.count {
                let word = value ^ UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                value = 0
                for position in 0..<8 {
                    let byte = Int(word >> UInt64(8 * position) & 0xFF)
                    value ^= table[(7 - position) * 256 + byte]
                }
                index += 8
            }
            while index < bytes.count {
                value = value >> 8 ^ table[Int((value ^ UInt64(bytes[index])) & 0xFF)]
                index += 1
            }
        }
        self.value = value
    }

    /// The check of what was added, most significant byte first.
    var bytes: [UInt8] {
        stride(from: width - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: ~value >> UInt64($0)) }
    }
}
