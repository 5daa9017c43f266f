/// The name of an image repository in a registry, with an optional tag and digest.
///
/// The grammar and the defaults are those of `distribution/reference`, but for a first component in upper case, which is
/// a mistake here and a host there: a first component without a dot, a colon and
/// not `localhost` belongs to Docker Hub, whose registry answers at `registry-1.docker.io` under `library/` for
/// single-component names.
public struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    /// Host and optional port, lower case: `acrforblog.azurecr.io`, `127.0.0.1:5000`, `docker.io`.
    public var registry: String
    /// The path inside the registry: `team/model-api`.
    public var repository: String
    /// A tag, where the reference names one.
    public var tag: String?
    /// A digest, where the reference names one.
    public var digest: Digest?

    /// A reference of parts that are known to be well formed.
    public init(registry: String, repository: String, tag: String? = nil, digest: Digest? = nil) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// Parses `[registry/]repository[:tag][@digest]`. Throws with the part that is malformed.
    public init(_ text: String) throws(ArtifactError) {
        func fail(_ why: String) -> ArtifactError {
            ArtifactError(.reference, "\"\(text.clipped)\" is not an image reference: \(why)")
        }
        guard text.utf8.count <= 4096 else { throw fail("it is longer than 4096 bytes") }
        var rest = Substring(text)
        if let at = rest.firstIndex(of: "@") {
            digest = try Digest(String(rest[rest.index(after: at)...]))
            rest = rest[..<at]
        }
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            let tag = String(rest[rest.index(after: colon)...])
            guard ImageReference.isTag(tag) else { throw fail("\"\(tag.clipped)\" is not a tag") }
            self.tag = tag
            rest = rest[..<colon]
        }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let first = parts.first else { throw fail("it is empty") }
        let namesHost = parts.count > 1 && (first.contains(".") || first.contains(":") || first == "localhost")
        if namesHost {
            guard ImageReference.isHost(first) else { throw fail("\"\(first.clipped)\" is not a host") }
            registry = first.lowercased()
            repository = parts.dropFirst().joined(separator: "/")
        } else {
            registry = "docker.io"
            repository = String(rest)
        }
        if registry == "index.docker.io" { registry = "docker.io" }
        if registry == "docker.io", !repository.contains("/") { repository = "library/" + repository }
        guard repository.utf8.count <= 255 else { throw fail("its repository is longer than 255 bytes") }
        for component in repository.split(separator: "/", omittingEmptySubsequences: false) {
            guard ImageReference.isComponent(component) else {
                throw fail(
                    "\"\(String(component).clipped)\" is not a repository name (lower-case letters, digits, . _ -)"
                )
            }
        }
    }

    /// `registry/repository`, without tag and digest.
    public var name: String { "\(registry)/\(repository)" }

    /// `registry/repository@digest`: what a pod template carries.
    public func pinned(to digest: Digest) -> String { "\(name)@\(digest)" }

    /// The reference as it is written.
    public var description: String {
        name + (tag.map { ":" + $0 } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// Whether `text` is a tag by the distribution specification: at most 128 of `[A-Za-z0-9_.-]`, not starting with
    /// a dot or a dash.
    public static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        guard first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return false }
        return text.utf8.allSatisfy {
            isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func isHost(_ text: String) -> Bool {
        var name = Substring(text)
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") {
            let port = name[name.index(after: colon)...]
            guard port.utf8.allSatisfy({ (48...57).contains($0) }), let number = UInt16(port), number > 0 else {
                return false
            }
            name = name[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") {
            return name.count > 2
                && name.dropFirst().dropLast().utf8.allSatisfy {
                    isAlphanumeric($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
                }
        }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.first != UInt8(ascii: "-") && label.utf8.last != UInt8(ascii: "-")
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// One path component: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
    private static func isComponent(_ text: Substring) -> Bool {
        var separators: [UInt8] = []
        var sawWord = false
        for byte in text.utf8 {
            if (48...57).contains(byte) || (97...122).contains(byte) {
                guard separators.isEmpty || isSeparator(separators) else { return false }
                guard separators.isEmpty || sawWord else { return false }
                separators.removeAll(keepingCapacity: true)
                sawWord = true
            } else {
                separators.append(byte)
            }
        }
        return sawWord && separators.isEmpty
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        switch bytes {
        case [UInt8(ascii: ".")], [UInt8(ascii: "_")], [UInt8(ascii: "_"), UInt8(ascii: "_")]: true
        default: bytes.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }
}
