import Artifacts
import HTTPTransport
import ModelAppAPI
import ObjectStorage
import ReleasePlanning
import Selection

/// The three ways to find the latest version: folders, a pointer, fixed names.
extension ModelResolver {
    typealias Answer = (HalfResolution<ResolvedModel>, lookAgainAt: Int64?)

    func newestFolder(
        _ search: Search,
        _ selection: SelectionRules,
        _ running: ModelVersion?
    ) async throws(ScanFailure) -> Answer {
        let key = ListingKey(store: search.store.identity, rules: search.rules, isFlat: false)
        let prefix: KeyPrefix
        do {
            prefix = try KeyPrefix(search.store.prefix)
        } catch {
            throw ScanFailure(reason: "InvalidSpec", message: "spec.model: \(error)", isTerminal: true)
        }
        let store = search.store.store
        let scan = await folders.scan(key, maximumAge: search.maximumAge) { () async throws(ScanFailure) in
            var versions = VersionAccumulator(prefix: prefix, rules: key.rules)
            try await Self.list(store, prefix.text) { info throws(SelectionError) in try versions.add(BlobObject(info))
            }
            return versions
        }
        let versions = try scan.result.get()
        let now = time.date().milliseconds
        var obstacles = versions.obstacles(now: now)
        let runningVersion = running.map { RunningVersion(name: folder($0.version)) }
        for _ in 0..<20 {
            let outcome = selection.select(
                from: versions.candidates,
                running: runningVersion,
                obstacles: obstacles,
                now: now
            )
            let lookAgain = outcome.lookAgainAt
            guard let best = outcome.ranked.first?.candidate, let set = versions[best.name] else {
                return (.nothingCounts(nothing(outcome, versions.versions.count, search), outcome), lookAgain)
            }
            let identified = try await identify(set, folder: best.name, key, search)
            if case .incomplete(let why) = identified.completeness {
                obstacles[best.name] = .incomplete(why)
                continue
            }
            return (.found(resolved(set, best.label, identified, search, folder: best.name), outcome), lookAgain)
        }
        throw ScanFailure(
            reason: "NoCandidate",
            message: "spec.model.versions: none of the newest versions is complete"
        )
    }

    func pointed(_ search: Search, _ pointerKey: String) async throws(ScanFailure) -> Answer {
        let store = search.store.store
        let object = search.store.prefix + pointerKey
        let scan = await pointers.scan("\(search.store.identity) \(object)", maximumAge: search.maximumAge) {
            () async throws(ScanFailure) in
            do {
                let answer = try await store.bytes(of: object, upTo: 4096)
                return try PointerText(answer.bytes).version
            } catch let error as ObjectStoreError {
                throw ScanFailure(error)
            } catch {
                throw ScanFailure(
                    reason: "InvalidPointer",
                    message: "spec.model.pointer.key: \(pointerKey.clipped): \(error)"
                )
            }
        }
        let version = try scan.result.get()
        var inner = search.store
        inner.prefix += version.hasSuffix("/") ? version : version + "/"
        inner.identity += " \(version)"
        let folderSearch = Search(app: search.app, store: inner, rules: search.rules, maximumAge: search.maximumAge)
        return try await flatSet(folderSearch, name: version, folder: folder(version))
    }

    func fixedNames(_ search: Search) async throws(ScanFailure) -> Answer {
        try await flatSet(search, name: nil, folder: "")
    }

    /// One set of objects below the prefix. Without a name of its own, a version is called by its upload time.
    private func flatSet(_ search: Search, name: String?, folder: String) async throws(ScanFailure) -> Answer {
        let key = ListingKey(store: search.store.identity, rules: search.rules, isFlat: true)
        let (store, prefix) = (search.store.store, search.store.prefix)
        let scan = await flat.scan(key, maximumAge: search.maximumAge) { () async throws(ScanFailure) in
            var set = ObjectSet()
            try await Self.list(store, prefix) { info in
                set.add(BlobObject(info), path: String(info.key.dropFirst(prefix.count)), by: key.rules)
            }
            return set
        }
        let set = try scan.result.get()
        let now = time.date().milliseconds
        var completeness = set.completeness(by: search.rules, now: now)
        var identified: Identified?
        if case .incomplete = completeness {
        } else {
            let found = try await identify(set, folder: "", key, search)
            completeness = found.completeness
            identified = found
        }
        if case .incomplete(let why) = completeness {
            let failure = ResolutionFailure(
                "Incomplete",
                "spec.model: the model at \(search.store.uri) is incomplete: \(why.sentence)"
            )
            return (.failed(failure), why.lookAgainAt)
        }
        guard let identified else { return (.pending, nil) }
        let label = name ?? set.modified.map { Timestamp(microseconds: $0 * 1000).rfc3339 } ?? "unknown"
        var model = resolved(set, label, identified, search, folder: folder)
        if search.app.spec.delivery.mode != .baked { model.isRestorable = name != nil }
        return (.found(model, nil), nil)
    }

    /// Reads what the store knows of the content of one version.
    private func identify(
        _ set: ObjectSet,
        folder: String,
        _ listing: ListingKey,
        _ search: Search
    ) async throws(ScanFailure) -> Identified {
        let key = VersionKey(listing: listing, version: folder, fingerprint: set.fingerprint.description)
        let (store, prefix, rules) = (search.store.store, search.store.prefix + folder, search.rules)
        let scan = await identities.scan(key, maximumAge: .seconds(86_400)) { () async throws(ScanFailure) in
            let contents = try await VersionContents.read(store, prefix: prefix, rules: rules)
            return Identified(
                digest: contents.digest,
                identity: contents.identity,
                completeness: contents.completeness,
                files: contents.files.count,
                bytes: contents.bytes
            )
        }
        return try scan.result.get()
    }

    private func resolved(
        _ set: ObjectSet,
        _ label: String,
        _ identified: Identified,
        _ search: Search,
        folder: String
    ) -> ResolvedModel {
        var version = ModelVersion()
        version.version = label
        version.digest = identified.digest
        version.identity = identified.identity
        version.bytes = identified.bytes
        version.objects = Int64(identified.files)
        version.modifiedAt = set.modified.map { Timestamp(microseconds: $0 * 1000).rfc3339 }
        return ResolvedModel(version: version, uri: search.store.uri + folder, isRestorable: true)
    }

    private func folder(_ version: String) -> String { version.hasSuffix("/") ? version : version + "/" }

    private func nothing(_ outcome: SelectionOutcome, _ count: Int, _ search: Search) -> ResolutionFailure {
        let examples = outcome.rejected.prefix(3).map(\.sentence).joined(separator: " ")
        return ResolutionFailure(
            "NoCandidate",
            "spec.model: none of \(count) versions at \(search.store.uri) counts. \(examples)"
        )
    }

    /// Lists everything below `prefix`, failures as those of a scan.
    private static func list(
        _ store: any ObjectStore,
        _ prefix: String,
        _ each: (ObjectInfo) throws(SelectionError) -> Void
    ) async throws(ScanFailure) {
        do throws(ObjectStoreError) {
            try await store.list(prefix: prefix) { info throws(ObjectStoreError) in
                guard !info.isFolder else { return .continue }
                do throws(SelectionError) {
                    try each(info)
                } catch {
                    throw ObjectStoreError(.tooLarge, "\(error)")
                }
                return .continue
            }
        } catch {
            throw ScanFailure(error)
        }
    }
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
        if path.isEmpty || path.hasSuffix("/") || path == complete.controlName { return false }
        return fixedNames.isEmpty ? files.selects(path) : fixedNames.contains(path)
    }
}
