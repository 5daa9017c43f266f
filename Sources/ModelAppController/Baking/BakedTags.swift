public import ModelAppAPI
public import ReleasePlanning

/// Which tags in a repository of baked images somebody needs.
///
/// Pure. Tags that are not of our making are needed, whatever they are for.
public struct BakedTags: Sendable, Hashable {
    /// The releases whose images stay.
    private var releases: Set<String> = []
    /// The models whose layers stay, as tags name them: `sha256-HEX`.
    private var revisions: Set<String> = []

    /// Nobody needs anything.
    public init() {}

    /// Keeps what a ModelApp may still run: its releases, and what its status says that runs, comes or ran.
    public mutating func keep(_ app: ModelApp, _ stored: [StoredRelease]) {
        for kept in stored {
            releases.insert(kept.release.id)
            add(revision: kept.release.model.digest)
        }
        let status = app.status
        releases.formUnion(status.history.map(\.id))
        if let current = status.release?.current {
            releases.insert(current.id)
            add(revision: current.model.digest)
        }
        if let target = status.release?.target {
            releases.insert(target.id)
            add(revision: target.model.digest)
        }
        // Its layer may be on its way, for a release that is not there yet.
        if let latest = status.model?.latest { add(revision: latest.digest) }
    }

    private mutating func add(revision: String) {
        revisions.insert(String(revision.map { $0 == ":" ? "-" : $0 }))
    }

    /// Whether the tag may go: one of ours, that nobody needs.
    public func isUnneeded(_ tag: String) -> Bool {
        if tag.hasPrefix("r-") || tag.hasPrefix("c-") {
            let id = tag.dropFirst(2)
            return id.utf8.count == 12 && id.utf8.allSatisfy(isHexadecimal) && !releases.contains(String(id))
        }
        guard tag.hasPrefix("m-"), let end = tag.lastIndex(of: "-") else { return false }
        let place = tag[tag.index(after: end)...]
        let revision = tag[..<end].dropFirst(2)
        let parts = revision.split(separator: "-")
        guard parts.count == 2, ["sha256", "etag"].contains(parts[0]), parts[1].utf8.count == 64,
            place.utf8.count == 8, parts[1].utf8.allSatisfy(isHexadecimal), place.utf8.allSatisfy(isHexadecimal)
        else { return false }
        return !revisions.contains(String(revision))
    }
}

private func isHexadecimal(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }
