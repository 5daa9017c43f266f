import Artifacts
import HTTPTransport
import KubernetesAPI
import ModelAppAPI
import ObjectStorage
import ReleasePlanning
import Selection

/// The three ways to find the latest version: folders, a pointer, fixed names.
extension ModelResolver {
    /// What was found, and when to look again although nothing is heard.
    struct Answer: Sendable {
        var resolution: HalfResolution<ResolvedModel>
        /// When time alone changes the answer, milliseconds since 1970.
        var lookAgainAt: Int64?
        /// Versions that are too young by our own watch; nil where the source tells times.
        var sightings: [TagSighting]?

        init(
            _ resolution: HalfResolution<ResolvedModel>,
            _ lookAgainAt: Int64? = nil,
            sightings: [TagSighting]? = nil
        ) {
            self.resolution = resolution
            self.lookAgainAt = lookAgainAt
            self.sightings = sightings
        }
    }

    private static var maximumLookups: Int { 20 }

    func newestFolder(_ search: Search, _ selection: SelectionRules) async throws(ScanFailure) -> Answer {
        let (key, found) = try await listing(ofFolders: search)
        let (listing, versions) = (found.listing, found.listing.content)
        let running = search.running.map { release in
            let name = folder(release.model.version)
            let missing = absences.count(
                of: name,
                for: search.app.key,
                isListed: versions[name] != nil,
                listing: found.at
            )
            return RunningVersion(name: name, missingScans: missing)
        }
        var obstacles = versions.obstacles(now: listing.judgedAt)
        for _ in 0..<Self.maximumLookups {
            let outcome = selection.select(
                from: versions.candidates,
                running: running,
                obstacles: obstacles,
                now: time.date().milliseconds + listing.ahead
            )
            let lookAgain = outcome.lookAgainAt.map(listing.local)
            guard let best = outcome.ranked.first?.candidate, let set = versions[best.name] else {
                // What runs is being uploaded again: it is no less the latest for that.
                if let name = running?.name, case .incomplete(let why)? = obstacles[name], why.lookAgainAt != nil,
                    let kept = self.kept(search)
                {
                    return Answer(.found(kept, outcome), lookAgain)
                }
                return Answer(.nothingCounts(nothing(outcome, versions.versions.count, search), outcome), lookAgain)
            }
            guard let identified = try await identify(set, folder: best.name, key, search) else {
                await folders.expire(key)
                obstacles[best.name] = .incomplete(changing(listing))
                continue
            }
            if let refusal = identified.refusal {
                obstacles[best.name] = .unverified(reason: refusal)
                continue
            }
            if case .incomplete(let why) = identified.completeness {
                obstacles[best.name] = .incomplete(why)
                continue
            }
            return Answer(.found(resolved(set, best.label, identified, search, folder: best.name), outcome), lookAgain)
        }
        throw ScanFailure(
            reason: "NoCandidate",
            message: "spec.model.versions: none of the newest versions is complete"
        )
    }

    /// Every folder below the prefix.
    func listing(
        ofFolders search: Search
    ) async throws(ScanFailure) -> (
        ListingKey, (listing: ObjectListing<VersionAccumulator>, at: ContinuousClock.Instant)
    ) {
        let key = ListingKey(store: search.store.identity, rules: search.rules, isFlat: false)
        let prefix: KeyPrefix
        do {
            prefix = try KeyPrefix(search.store.prefix)
        } catch {
            throw ScanFailure(reason: "InvalidSpec", message: "spec.model: \(error)", isTerminal: true)
        }
        let found = try await self.listing(
            folders,
            key,
            search,
            empty: VersionAccumulator(prefix: prefix, rules: key.rules)
        ) { listing in
            listing.content.obstacles(now: listing.judgedAt).values.compactMap(\.endsAt).min()
        } add: { versions, info throws(SelectionError) in
            try versions.add(BlobObject(info))
        }
        return (key, found)
    }

    func pointed(_ search: Search, _ pointerKey: String) async throws(ScanFailure) -> Answer {
        let rollout = search.app.spec.rollout
        let version: String
        if let pin = rollout.pin?.model {
            version = pin
        } else {
            version = try await pointer(search, pointerKey)
            if rollout.skip?.model.contains(version) == true {
                return held(search, .skipped, version, lookAgainAt: nil)
            }
        }
        var inner = search
        inner.store.prefix += folder(version)
        inner.store.identity += " \(version)"
        return try await flatSet(inner, name: version, folder: folder(version))
    }

    private func pointer(_ search: Search, _ pointerKey: String) async throws(ScanFailure) -> String {
        let (store, hosts) = (search.store, hosts)
        let object = store.prefix + pointerKey
        let scan = await pointers.scan(
            "\(store.identity) \(object)",
            maximumAge: search.maximumAge,
            since: search.since
        ) {
            () async throws(ScanFailure) in
            try await hosts.perform(store.host, credential: store.credential) { () async throws(ScanFailure) in
                do {
                    return try PointerText(try await store.store.bytes(of: object, upTo: 4096).bytes).version
                } catch let error as ObjectStoreError {
                    throw ScanFailure(error)
                } catch {
                    throw ScanFailure(
                        reason: "InvalidPointer",
                        message: "spec.model.pointer.key: \(pointerKey.clipped): \(error)"
                    )
                }
            }
        }
        return try scan.result.get()
    }

    func fixedNames(_ search: Search) async throws(ScanFailure) -> Answer {
        try await flatSet(search, name: nil, folder: "")
    }

    /// One set of objects below the prefix. Without a name of its own, a version is called by its upload time.
    private func flatSet(_ search: Search, name: String?, folder: String) async throws(ScanFailure) -> Answer {
        let key = ListingKey(store: search.store.identity, rules: search.rules, isFlat: true)
        let (prefix, rules) = (search.store.prefix, search.rules)
        let listing = try await self.listing(flat, key, search, empty: ObjectSet()) { listing in
            guard case .incomplete(let why) = listing.content.completeness(by: rules, now: listing.judgedAt) else {
                return nil
            }
            return why.lookAgainAt
        } add: { set, info throws(SelectionError) in
            set.add(BlobObject(info), path: String(info.key.dropFirst(prefix.count)), by: rules)
        }.listing
        let set = listing.content
        if case .incomplete(let why) = set.completeness(by: rules, now: listing.judgedAt) {
            return incomplete(why, listing, search)
        }
        guard let identified = try await identify(set, folder: "", key, search) else {
            await flat.expire(key)
            return incomplete(changing(listing), listing, search)
        }
        if let refusal = identified.refusal {
            let why = Rejection.unverified(reason: refusal).sentence
            let message = "spec.verification.model: the model at \(search.store.uri) \(why)"
            return Answer(.failed(ResolutionFailure(ScanFailure.unverified, message)), nil)
        }
        if case .incomplete(let why) = identified.completeness { return incomplete(why, listing, search) }
        let label = name ?? set.modified.map { Timestamp(microseconds: $0 * 1000).rfc3339 } ?? "unknown"
        var model = resolved(set, label, identified, search, folder: folder)
        if search.app.spec.delivery.mode != .baked, name == nil {
            // What is overwritten in place can be had again by its version ids, by a fetcher that is told them.
            if search.app.spec.delivery.mode == .initContainer { model.objectVersions = identified.objectVersions }
            model.isRestorable = !model.objectVersions.isEmpty
        }
        let age = (search.app.spec.rollout.minAge?.duration ?? .zero).wholeMicroseconds / 1000
        let isRunning = search.running?.model.digest == identified.digest
        if age > 0, !isRunning, search.app.spec.rollout.pin?.model == nil, let modified = set.modified {
            let (until, overflow) = modified.addingReportingOverflow(age)
            if !overflow, until > time.date().milliseconds + listing.ahead {
                return held(search, .tooYoung(until: until), label, lookAgainAt: listing.local(until))
            }
        }
        return Answer(.found(model, nil), nil)
    }

    /// What the source offers must wait: what runs stays the latest that counts.
    private func held(_ search: Search, _ why: Rejection, _ version: String, lookAgainAt: Int64?) -> Answer {
        if let kept = self.kept(search) { return Answer(.found(kept, nil), lookAgainAt) }
        let message = "spec.model: the version \(version.clipped) at \(search.store.uri) \(why.sentence)"
        return Answer(.failed(ResolutionFailure("NoCandidate", message)), lookAgainAt)
    }

    /// What runs, as the latest that counts.
    private func kept(_ search: Search) -> ResolvedModel? {
        search.running.map { ResolvedModel($0) }
    }

    /// An upload that is under way and ends by itself is no failure of the source; one that lacks something is.
    private func incomplete<Content>(
        _ why: Incompleteness,
        _ listing: ObjectListing<Content>,
        _ search: Search
    ) -> Answer {
        let lookAgainAt = why.lookAgainAt.map(listing.local)
        if lookAgainAt != nil, let kept = self.kept(search) { return Answer(.found(kept, nil), lookAgainAt) }
        let message = "spec.model.complete: the model at \(search.store.uri) is incomplete: \(why.sentence)"
        return Answer(.failed(ResolutionFailure("Incomplete", message)), lookAgainAt)
    }

    /// A version that another process writes to is looked at again in a second.
    private func changing<Content>(_ listing: ObjectListing<Content>) -> Incompleteness {
        Incompleteness(.changing, lookAgainAt: time.date().milliseconds + listing.ahead)
    }

    func resolved(
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
        // The same bytes uploaded again are what they were: nothing new to say.
        let hasOwnName = search.app.spec.model.objects.isEmpty
        if let known = search.app.status.model?.latest, known.digest == version.digest,
            !hasOwnName || known.version == label
        {
            (version.version, version.modifiedAt) = (known.version, known.modifiedAt)
        }
        return ResolvedModel(version: version, uri: search.store.uri + folder, isRestorable: true)
    }

    private func folder(_ version: String) -> String { version.hasSuffix("/") ? version : version + "/" }

    private func nothing(_ outcome: SelectionOutcome, _ count: Int, _ search: Search) -> ResolutionFailure {
        return ResolutionFailure(
            outcome.hasUnverified ? ScanFailure.unverified : "NoCandidate",
            "spec.model: none of \(count) versions at \(search.store.uri) counts. \(outcome.examples)"
        )
    }
}
