/// An entry of `--deny-endpoint`: a name, `*.name` for everything below it, an address or a range of them.
public struct DeniedHosts: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: Sendable, Hashable {
        case name(String)
        case below(String)
        case range(IPAddress.Range)
    }

    private let kind: Kind
    /// The entry as it was written.
    public let description: String

    /// Reads an entry; nil where it is none of these. Ports cannot be denied: who may speak to a host may speak to it.
    public init?(_ text: String) {
        description = text
        if let range = IPAddress.Range(text) {
            kind = .range(range)
            return
        }
        let isBelow = text.hasPrefix("*.")
        let name = DNSName.canonical(isBelow ? String(text.dropFirst(2)) : text)
        guard DNSName.isWellFormed(name) else { return nil }
        kind = isBelow ? .below("." + name) : .name(name)
    }

    /// Whether a host that stands for these addresses is meant; also where an IPv6 address carries one that is.
    /// - Parameter name: the canonical name.
    func contains(_ name: String, _ addresses: [IPAddress]) -> Bool {
        switch kind {
        case .name(let denied): name == denied
        case .below(let suffix): name.hasSuffix(suffix)
        case .range(let range):
            addresses.contains { range.contains($0) || $0.embedded.map(range.contains) ?? false }
        }
    }
}

/// Names of hosts, as far as their spelling goes.
enum DNSName {
    /// Lower case, without the dot of the root: one host has one canonical name.
    static func canonical(_ host: String) -> String {
        let lower = host.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }

    /// Letters, digits, `-` and `_` between dots.
    static func isWellFormed(_ name: String) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        return name.utf8.count <= 253
            && labels.allSatisfy { label in
                !label.isEmpty
                    && label.utf8.allSatisfy {
                        (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x5F
                    }
            }
    }
}
