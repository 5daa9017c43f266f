/// A summary of a set of files by name, size and entity tag, which changes when any of them does.
///
/// It is the same in whatever order the files are added and after a restart, so it can be kept while a listing
/// streams by and compared with one that was stored. It detects change and is no identity: it is not a cryptographic
/// digest, and equal bytes uploaded anew may have another one.
public struct Fingerprint: Sendable, Hashable, CustomStringConvertible {
    private var high: UInt64 = 0
    private var low: UInt64 = 0

    /// The fingerprint of no files.
    public init() {}

    /// Adds a file. Adding is commutative: the hash of each file is summed.
    public mutating func insert(path: String, size: Int64, etag: String) {
        // Two hashes of different construction (FNV-1a, and rotate-xor-multiply), each finished by MurmurHash3's
        // mixer so that sums of similar names do not cancel out.
        var first: UInt64 = 0xcbf2_9ce4_8422_2325
        var second: UInt64 = 0x9e37_79b9_7f4a_7c15
        func add(_ byte: UInt8) {
            first = (first ^ UInt64(byte)) &* 0x100_0000_01b3
            second = ((second << 5 | second >> 59) ^ UInt64(byte)) &* 0xff51_afd7_ed55_8ccd
        }
        path.utf8.forEach(add)
        add(0xff)
        withUnsafeBytes(of: size.littleEndian) { $0.forEach(add) }
        etag.utf8.forEach(add)
        high &+= Fingerprint.mixed(first)
        low &+= Fingerprint.mixed(second)
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 33)) &* 0xff51_afd7_ed55_8ccd
        value = (value ^ (value >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return value ^ (value >> 33)
    }

    /// 32 hexadecimal digits.
    public var description: String {
        [high, low].map { lane in
            let digits = String(lane, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
