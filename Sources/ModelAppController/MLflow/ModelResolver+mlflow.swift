import Artifacts
import HTTPTransport
import ModelAppAPI
import ObjectStorage
import ReleasePlanning
import Selection

/// The version that an alias of an MLflow registry names.
extension ModelResolver {
    /// What is looked for, and who has to have signed it.
    struct RegisteredSearch: Sendable {
        let app: ModelApp
        let running: Release?
        let registered: RegisteredModel
        let rules: ObjectSetRules
        let proof: ModelProof?
        let trust: VerificationSecrets.Loaded?
        let maximumAge: Duration
        let since: ContinuousClock.Instant?
    }

    func named(_ search: RegisteredSearch) async throws(ScanFailure) -> Answer {
        let (registered, rollout) = (search.registered, search.app.spec.rollout)
        let pin = rollout.pin?.model
        guard let version = try await look(pin, search) else {
            let wanted = pin.map { "version \($0.clipped), which spec.rollout.pin.model holds" }
            throw ScanFailure(
                reason: "NoCandidate",
                message: "\(registered.host) has no model \"\(registered.model.clipped)\" with "
                    + (wanted ?? "the alias \"\(registered.alias.clipped)\"; set it to a version"),
                aspect: .place
            )
        }
        if pin == nil, rollout.skip?.model.contains(version.version) == true {
            return held(search, .skipped, version, lookAgainAt: nil)
        }
        guard version.isReady else {
            if let kept = kept(search) { return Answer(.found(kept, nil)) }
            throw ScanFailure(
                reason: "Incomplete",
                message: "version \(version.version) of \"\(registered.model.clipped)\" is not ready, but "
                    + "\(version.status.clipped)",
                aspect: .place
            )
        }
        let identified = try await identify(version, search)
        if let refusal = identified.refusal {
            let why = Rejection.unverified(reason: refusal).sentence
            let message = "spec.verification.model: \(registered.uri(version.version)) \(why)"
            return Answer(.failed(ResolutionFailure(ScanFailure.unverified, message)))
        }
        if case .incomplete(let why) = identified.completeness {
            throw ScanFailure(
                reason: "Incomplete",
                message: "spec.model.complete: \(registered.uri(version.version)) is incomplete: \(why.sentence)"
            )
        }
        let age = (rollout.minAge?.duration ?? .zero).wholeMicroseconds / 1000
        if age > 0, pin == nil, search.running?.model.digest != identified.digest {
            let (until, overflow) = version.createdAt.addingReportingOverflow(age)
            let ahead = registered.clock.ahead
            if !overflow, until > time.date().milliseconds + ahead {
                return held(search, .tooYoung(until: until), version, lookAgainAt: until - ahead)
            }
        }
        return Answer(.found(resolved(version, identified, search), nil))
    }

    /// What the registry says of the version that is wanted.
    private func look(
        _ number: String?,
        _ search: RegisteredSearch
    ) async throws(ScanFailure) -> MLflowModelVersion? {
        let (registered, hosts) = (search.registered, hosts)
        let key = "\(registered.identity) \(number.map { "version \($0)" } ?? "alias \(registered.alias)")"
        let scan = await registrations.scan(key, maximumAge: search.maximumAge, since: search.since) {
            () async throws(ScanFailure) in
            try await hosts.perform(registered.host, credential: registered.credential) {
                () async throws(ScanFailure) in
                try await registered.version(number)
            }
        }
        return try scan.result.get()
    }

    /// What the content of a version is made of. A registration does not change, so it is kept for a day.
    private func identify(
        _ version: MLflowModelVersion,
        _ search: RegisteredSearch
    ) async throws(ScanFailure) -> Identified {
        let (registered, hosts, time) = (search.registered, hosts, time)
        let key = VersionKey(
            listing: ListingKey(store: registered.identity, rules: search.rules, isFlat: true),
            version: version.version,
            fingerprint: version.mark,
            trust: search.trust?.identity
        )
        let scan = await identities.scan(key, maximumAge: .seconds(86_400)) { () async throws(ScanFailure) in
            try await hosts.perform(registered.host, credential: registered.credential) {
                () async throws(ScanFailure) in
                let contents = try await registered.contents(
                    of: version,
                    rules: search.rules,
                    proof: search.proof,
                    judge: search.trust.map { ProvenFiles.Judge(trust: $0.trust, now: time.date()) }
                ).contents
                return Identified(contents, readAt: time.now)
            }
        } isCurrent: { identified in
            if identified.refusal != nil { return time.now - identified.readAt < search.maximumAge }
            return identified.validUntil.map { time.date() < $0 } ?? true
        }
        return try scan.result.get()
    }

    private func resolved(
        _ version: MLflowModelVersion,
        _ identified: Identified,
        _ search: RegisteredSearch
    ) -> ResolvedModel {
        var model = ModelVersion()
        model.version = version.version
        model.digest = identified.digest
        model.identity = identified.identity
        model.bytes = identified.bytes
        model.objects = Int64(identified.files)
        let (microseconds, overflow) = version.createdAt.multipliedReportingOverflow(by: 1000)
        if !overflow, version.createdAt > 0 { model.modifiedAt = Timestamp(microseconds: microseconds).rfc3339 }
        return ResolvedModel(version: model, uri: search.registered.uri(version.version), isRestorable: true)
    }

    /// What the alias names must wait: what runs stays the latest that counts.
    private func held(
        _ search: RegisteredSearch,
        _ why: Rejection,
        _ version: MLflowModelVersion,
        lookAgainAt: Int64?
    ) -> Answer {
        if let kept = kept(search) { return Answer(.found(kept, nil), lookAgainAt) }
        let message = "spec.model: \(search.registered.uri(version.version)) \(why.sentence)"
        return Answer(.failed(ResolutionFailure("NoCandidate", message)), lookAgainAt)
    }

    private func kept(_ search: RegisteredSearch) -> ResolvedModel? {
        search.running.map { ResolvedModel($0) }
    }
}
