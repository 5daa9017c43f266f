/// Which images a registry credential is for, as the kubelet reads the keys of a Docker config
/// (kubernetes `pkg/credentialprovider/keyring.go`: `URLsMatch`).
///
/// A key is `[scheme://]host[:port][/path]`. Each label of the host may be a pattern with `*`, `?` and `[a-z]`, which
/// never crosses a dot; the number of labels and the port must be equal; the path is a prefix of the image's name.
struct HostPattern: Sendable, Hashable, Comparable {
    let labels: [String]
    let port: String
    let path: String
    /// Host, port and path: what decides the order of two patterns.
    let key: String

    /// Reads a key of a Docker config; nil where it cannot be one.
    init?(_ text: String) {
        var rest = Substring(text)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        guard rest.utf8.count <= 4096, rest.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        if let end = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) { rest = rest[..<end] }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash].lowercased()
        var path = String(rest[slash...])
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        // `/v1/` and `/v2/` stand for the whole host (docker login writes them).
        if path.hasPrefix("/v1/") || path.hasPrefix("/v2/") { path = String(path.dropFirst(3)) }
        if path == "/" { path = "" }
        guard let (host, port) = HostPattern.split(authority) else { return nil }
        labels = host.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        self.port = port
        self.path = path
        key = authority + path
    }

    private static func split(_ authority: String) -> (host: String, port: String)? {
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else { return (authority, "") }
        let port = authority[authority.index(after: colon)...]
        guard port.utf8.count <= 5, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return (String(authority[..<colon]), String(port))
    }

    /// Whether the credential is for the image `registry/repository`.
    func matches(registry: String, repository: String) -> Bool {
        guard let target = HostPattern("\(registry)/\(repository)"), port == target.port,
            labels.count == target.labels.count, "/\(repository)".hasPrefix(path)
        else { return false }
        return zip(labels, target.labels).allSatisfy { pattern, label in
            pattern == label || Glob.matches(pattern, label)
        }
    }

    /// The kubelet tries patterns in reverse order, so that longer paths come first.
    static func < (left: HostPattern, right: HostPattern) -> Bool {
        left.key.utf8.lexicographicallyPrecedes(right.key.utf8)
    }
}
