#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An IPv4 or IPv6 address, without a scope.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// Four or sixteen bytes, in network order.
    public let bytes: [UInt8]

    /// Parses the usual notations: dotted, and RFC 4291 without brackets. The shortened IPv4 forms of `inet_aton` are
    /// names, not addresses, here.
    public init?(_ text: String) {
        var four = in_addr()
        var sixteen = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &sixteen) == 1 {
            bytes = withUnsafeBytes(of: sixteen) { Array($0) }
        } else {
            return nil
        }
    }

    /// An address of four or sixteen bytes; nil for another number of them.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// The IPv4 address that an IPv6 address carries: mapped or compatible (RFC 4291), NAT64 (RFC 6052, RFC 8215) or
    /// 6to4 (RFC 3056).
    public var embedded: IPAddress? {
        guard bytes.count == 16 else { return nil }
        let isCompatible = bytes[..<12].allSatisfy { $0 == 0 } && bytes[12] != 0
        let isNAT64 = bytes[..<12] == Self.nat64Prefix[...] || bytes[..<6] == Self.localNAT64Prefix[...]
        if isCompatible || isNAT64 || bytes[..<12] == Self.mappedPrefix[...] {
            return IPAddress(bytes: Array(bytes[12...]))
        }
        return bytes[0] == 0x20 && bytes[1] == 0x02 ? IPAddress(bytes: Array(bytes[2..<6])) : nil
    }

    private static let mappedPrefix: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]
    private static let nat64Prefix: [UInt8] = [0x00, 0x64, 0xFF, 0x9B] + Array(repeating: 0, count: 8)
    private static let localNAT64Prefix: [UInt8] = [0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01]

    /// The address as people write it.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A range of addresses in CIDR notation.
    struct Range: Sendable, Hashable {
        private let prefix: IPAddress
        private let bits: Int

        /// Parses `10.0.0.0/8`, or a single address.
        init?(_ text: String) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, let prefix = IPAddress(String(first)) else { return nil }
            let width = prefix.bytes.count * 8
            guard let bits = parts.count == 1 ? width : Int(parts[1]), (0...width).contains(bits) else { return nil }
            (self.prefix, self.bits) = (prefix, bits)
        }

        func contains(_ address: IPAddress) -> Bool {
            guard address.bytes.count == prefix.bytes.count else { return false }
            var rest = bits
            for (left, right) in zip(prefix.bytes, address.bytes) where rest > 0 {
                let mask = rest >= 8 ? 0xFF : UInt8(truncatingIfNeeded: 0xFF00 >> rest)
                guard left & mask == right & mask else { return false }
                rest -= 8
            }
            return true
        }
    }
}
