/// What kind of place a host name or address literal is, as far as the text tells.
///
/// A realm or redirect comes from outside: it must not send the operator to a cloud's metadata service or into a
/// private network that the registry is not part of. Names are resolved by the transport, which has its own rule.
enum HostScope: Sendable, Hashable {
    /// A name; where it leads is decided at resolution.
    case name
    /// A public address.
    case publicAddress
    /// This machine.
    case loopback
    /// A private network (RFC 1918, RFC 6598, RFC 4193).
    case privateNetwork
    /// Never to be contacted: link-local and metadata, unspecified, multicast, or a number in disguise.
    case reserved

    /// Classifies a host as `HTTPURL` holds it: lower case, IPv6 without brackets.
    init(host: String) {
        let host = host.hasSuffix(".") ? String(host.dropLast()) : host
        if host.contains(":") {
            self = HostScope.groups(host).map(HostScope.classify(groups:)) ?? .reserved
        } else if host == "localhost" || host.hasSuffix(".localhost") {
            self = .loopback
        } else if let octets = HostScope.octets(host) {
            self = HostScope.classify(octets: octets)
        } else if let last = host.split(separator: ".").last, HostScope.isNumeric(last) {
            // `0x7f.1` and `2130706433` are addresses to some resolvers (WHATWG URL: ends in a number).
            self = .reserved
        } else {
            self = .name
        }
    }

    private static func isNumeric(_ label: Substring) -> Bool {
        label.hasPrefix("0x") || label.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func octets(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var octets: [UInt8] = []
        for part in parts {
            guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), part == "0" || !part.hasPrefix("0"),
                let octet = UInt8(part)
            else { return nil }
            octets.append(octet)
        }
        return octets
    }

    private static func classify(octets: [UInt8]) -> HostScope {
        switch (octets[0], octets[1]) {
        case (127, _): .loopback
        case (10, _), (172, 16...31), (192, 168), (100, 64...127): .privateNetwork
        case (0, _), (169, 254), (224..., _): .reserved
        case (168, 63) where octets == [168, 63, 129, 16]: .reserved  // Azure's host agent
        default: .publicAddress
        }
    }

    /// The eight groups of an IPv6 address, also with `::` and a dotted tail.
    private static func groups(_ text: String) -> [UInt16]? {
        func part(_ text: Substring) -> [UInt16]? {
            if text.isEmpty { return [] }
            var groups: [UInt16] = []
            let words = text.split(separator: ":", omittingEmptySubsequences: false)
            for (index, word) in words.enumerated() {
                if word.contains("."), index == words.count - 1, let octets = octets(String(word)) {
                    groups += [UInt16(octets[0]) << 8 | UInt16(octets[1]), UInt16(octets[2]) << 8 | UInt16(octets[3])]
                } else {
                    guard (1...4).contains(word.utf8.count), !word.hasPrefix("+"), !word.hasPrefix("-"),
                        let group = UInt16(word, radix: 16)
                    else { return nil }
                    groups.append(group)
                }
            }
            return groups
        }
        let bytes = Array(text.utf8)
        let colon = UInt8(ascii: ":")
        guard let gap = bytes.indices.dropLast().first(where: { bytes[$0] == colon && bytes[$0 + 1] == colon }) else {
            return part(Substring(text)).flatMap { $0.count == 8 ? $0 : nil }
        }
        guard let head = part(Substring(decoding: bytes[..<gap], as: UTF8.self)),
            let tail = part(Substring(decoding: bytes[(gap + 2)...], as: UTF8.self)), head.count + tail.count < 8
        else { return nil }
        return head + [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    private static func classify(groups: [UInt16]) -> HostScope {
        func embedded(_ high: UInt16, _ low: UInt16) -> HostScope {
            classify(octets: [UInt8(high >> 8), UInt8(high & 255), UInt8(low >> 8), UInt8(low & 255)])
        }
        if groups.dropLast().allSatisfy({ $0 == 0 }) {
            return groups[7] == 1 ? .loopback : .reserved
        }
        // Mapped, compatible and NAT64 forms carry an IPv4 address.
        if groups[..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xFFFF || groups[5] == 0 {
            return embedded(groups[6], groups[7])
        }
        if groups[0] == 0x64, groups[1] == 0xFF9B { return embedded(groups[6], groups[7]) }
        if groups[0] == 0x2002 { return embedded(groups[1], groups[2]) }
        switch groups[0] {
        case 0xFD00 where groups[1] == 0x0EC2: return .reserved  // the metadata service of AWS
        case 0xFC00...0xFDFF: return .privateNetwork
        case 0xFE80...0xFEFF, 0xFF00...: return .reserved
        default: return .publicAddress
        }
    }
}
