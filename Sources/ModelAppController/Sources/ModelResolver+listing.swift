import Artifacts
import HTTPTransport
import ModelAppAPI
import ObjectStorage
import ReleasePlanning
import Selection

/// Looking into a store: listings, and what lies in one version.
extension ModelResolver {
    /// Lists everything below the prefix of a search, or serves a listing that still tells what is asked.
    func listing<Content: Sendable>(
        _ scans: SharedScans<ListingKey, ObjectListing<Content>>,
        _ key: ListingKey,
        _ search: Search,
        empty: Content,
        settlesAt: @escaping @Sendable (ObjectListing<Content>) -> UnixMilliseconds?,
        add: @escaping @Sendable (inout Content, ObjectInfo) throws(SelectionError) -> Void
    ) async throws(ScanFailure) -> (listing: ObjectListing<Content>, at: ContinuousClock.Instant) {
        let (store, time, hosts) = (search.store, time, hosts)
        let scan = await scans.scan(key, maximumAge: search.maximumAge, since: search.since) {
            () async throws(ScanFailure) in
            try await hosts.perform(store.host, credential: store.credential) { () async throws(ScanFailure) in
                let began = time.date().milliseconds
                var content = empty
                do throws(ObjectStoreError) {
                    try await store.store.list(prefix: store.prefix) { info throws(ObjectStoreError) in
                        guard !info.isFolder else { return .continue }
                        do throws(SelectionError) {
                            try add(&content, info)
                        } catch {
                            throw ObjectStoreError(.tooLarge, "\(store.store.location): \(error)")
                        }
                        return .continue
                    }
                } catch {
                    throw ScanFailure(error)
                }
                let ahead = store.clock.ahead
                let (start, overflow) = began.addingReportingOverflow(ahead)
                return ObjectListing(content: content, startedAt: overflow ? began : start, ahead: ahead)
            }
        } isCurrent: { listing in
            // What was settling when it was listed is listed again before it is taken.
            !listing.isOverdue(settlesAt(listing), now: time.date().milliseconds)
        }
        return (try scan.result.get(), scan.at)
    }

    /// Reads what the store knows of the content of one version; nil where it is not what was judged complete.
    func identify(
        _ set: ObjectSet,
        folder: String,
        _ listing: ListingKey,
        _ search: Search
    ) async throws(ScanFailure) -> Identified? {
        let key = VersionKey(
            listing: listing,
            version: folder,
            fingerprint: set.fingerprint.description,
            trust: search.trust?.identity
        )
        let (store, prefix, rules, hosts) = (search.store, search.store.prefix + folder, search.rules, hosts)
        let (proof, trust, time) = (search.proof, search.trust?.trust, time)
        let scan = await identities.scan(key, maximumAge: .seconds(86_400)) { () async throws(ScanFailure) in
            let contents = try await hosts.perform(store.host, credential: store.credential) {
                () async throws(ScanFailure) in
                try await VersionContents.read(
                    store.store,
                    prefix: prefix,
                    rules: rules,
                    proof: proof,
                    judge: trust.map { ProvenFiles.Judge(trust: $0, now: time.date()) }
                )
            }
            guard contents.listed.fingerprint == set.fingerprint else { throw ScanFailure.changing }
            return Identified(contents, readAt: time.now)
        } isCurrent: { identified in
            // A certificate may have begun to be valid; one that ends is noticed when it does.
            if identified.refusal != nil { return time.now - identified.readAt < search.maximumAge }
            return identified.validUntil.map { time.date() < $0 } ?? true
        }
        do throws(ScanFailure) {
            return try scan.result.get()
        } catch {
            guard error == .changing || error.reason == "BytesChanged" else { throw error }
            return nil
        }
    }
}

extension ScanFailure {
    /// A version is not what a listing showed a moment ago.
    fileprivate static let changing = ScanFailure(
        reason: "BytesChanged",
        message: "the version changes while it is read",
        aspect: .place
    )
}

extension BlobObject {
    init(_ info: ObjectInfo) {
        self.init(
            key: info.key,
            size: info.size,
            modified: info.modified.milliseconds,
            etag: info.etag ?? "modified \(info.modified.microseconds)"
        )
    }
}

extension ObjectSetRules {
    /// Whether the file at `path` belongs to the model.
    func selects(_ path: String) -> Bool {
        if path.isEmpty || path.hasSuffix("/") || path == complete.controlName || path == proof { return false }
        return fixedNames.isEmpty ? files.selects(path) : fixedNames.contains(path)
    }
}
