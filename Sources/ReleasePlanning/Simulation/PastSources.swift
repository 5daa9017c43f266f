import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import Selection

/// What a spec would have resolved to at times in the past, by the selection of the operator. Times must not decrease.
struct PastSources {
    private let spec: ModelAppSpec
    private let record: SourceRecord
    private let codeRules: SelectionRules
    private let modelRules: SelectionRules?
    private let objectRules: ObjectSetRules
    private let prefix: String
    /// By time of writing; those before `taken` lie in the sets.
    private let objects: [BlobObject]
    private var taken = 0
    private var folders: VersionAccumulator
    private var flat = ObjectSet()

    init(_ spec: ModelAppSpec, _ record: SourceRecord) throws(FieldProblem) {
        (self.spec, self.record) = (spec, record)
        codeRules = try SelectionSpec.codeRules(spec)
        modelRules = try SelectionSpec.modelRules(spec)
        objectRules = try SelectionSpec.objectRules(spec)
        prefix = spec.model.azureBlob?.prefix ?? spec.model.s3?.prefix ?? ""
        objects = record.objects.sorted { ($0.modified, $0.key) < ($1.modified, $1.key) }
        do throws(SelectionError) {
            folders = VersionAccumulator(prefix: try KeyPrefix(prefix), rules: objectRules)
        } catch {
            throw FieldProblem("spec.model", "\(error)")
        }
    }

    /// The instants at which a source changed, in no order.
    var changes: [UnixMilliseconds] {
        record.tags.compactMap(\.time) + objects.map(\.modified) + (record.pointer.map { [$0.modified] } ?? [])
    }

    /// What both halves were at `now`, and when time alone changes that.
    mutating func resolution(
        at now: UnixMilliseconds,
        running: Release?
    ) throws(FieldProblem) -> (resolution: Resolution, lookAgainAt: UnixMilliseconds?) {
        try take(until: now)
        let (code, codeAgain) = code(at: now, running: running?.code)
        let (model, modelAgain) = model(at: now, running: running?.model)
        return (Resolution(code: code, model: model), [codeAgain, modelAgain].compactMap { $0 }.min())
    }

    private mutating func take(until now: UnixMilliseconds) throws(FieldProblem) {
        while taken < objects.count, objects[taken].modified <= now {
            let object = objects[taken]
            taken += 1
            do throws(SelectionError) {
                if modelRules != nil { try folders.add(object) }
            } catch {
                throw FieldProblem("spec.model", "\(error)")
            }
            let folder = record.pointer.map { prefix + Self.folder($0.version) } ?? prefix
            if object.key.hasPrefix(folder) {
                flat.add(object, path: String(object.key.dropFirst(folder.count)), by: objectRules)
            }
        }
    }

    private func code(
        at now: UnixMilliseconds,
        running: CodeVersion?
    ) -> (HalfResolution<CodeVersion>, UnixMilliseconds?) {
        let candidates = record.tags.filter { $0.time ?? .min <= now }
        let outcome = codeRules.select(
            from: candidates,
            running: running.map { RunningVersion(name: $0.tag) },
            now: now
        )
        guard let best = outcome.ranked.first?.candidate else {
            return (.nothingCounts(ResolutionFailure("NoCandidate", "no tag counts"), outcome), outcome.lookAgainAt)
        }
        var version = CodeVersion()
        version.tag = best.name
        version.digest = record.digests[best.name] ?? Self.digest(of: best.name)
        version.pushedAt = best.time.map { Timestamp(microseconds: $0 * 1000).rfc3339 }
        return (.found(version, outcome), outcome.lookAgainAt)
    }

    private func model(
        at now: UnixMilliseconds,
        running: ModelVersion?
    ) -> (HalfResolution<ResolvedModel>, UnixMilliseconds?) {
        guard let modelRules else { return flatModel(at: now, running: running) }
        let outcome = modelRules.select(
            from: folders.candidates,
            running: running.map { RunningVersion(name: Self.folder($0.version)) },
            obstacles: folders.obstacles(now: now),
            now: now
        )
        guard let best = outcome.ranked.first?.candidate, let set = folders[best.name] else {
            let failure = ResolutionFailure("NoCandidate", "no version counts")
            return (.nothingCounts(failure, outcome), outcome.lookAgainAt)
        }
        return (.found(resolved(set, name: best.label), outcome), outcome.lookAgainAt)
    }

    /// Fixed names, or the folder that the pointer names.
    private func flatModel(
        at now: UnixMilliseconds,
        running: ModelVersion?
    ) -> (HalfResolution<ResolvedModel>, UnixMilliseconds?) {
        let failure = ResolutionFailure("Incomplete", "the model was not there, or not complete")
        if let pointer = record.pointer, pointer.modified > now { return (.failed(failure), nil) }
        if case .incomplete(let why) = flat.completeness(by: objectRules, now: now) {
            return (.failed(failure), why.lookAgainAt)
        }
        let age = (spec.rollout.minAge?.duration ?? .zero).wholeMicroseconds / 1000
        let modified = max(flat.modified ?? .min, record.pointer?.modified ?? .min)
        let (until, overflow) = modified.addingReportingOverflow(age)
        if age > 0, !overflow, until > now { return (.failed(failure), until) }
        let name = record.pointer?.version ?? Timestamp(microseconds: modified * 1000).rfc3339
        return (.found(resolved(flat, name: name), nil), nil)
    }

    private func resolved(_ set: ObjectSet, name: String) -> ResolvedModel {
        var version = ModelVersion()
        version.version = name
        version.digest = Self.digest(of: set.fingerprint.description)
        (version.bytes, version.objects) = (set.bytes, Int64(set.files))
        version.modifiedAt = set.modified.map { Timestamp(microseconds: $0 * 1000).rfc3339 }
        return ResolvedModel(version: version, uri: prefix + name, isRestorable: true)
    }

    private static func folder(_ version: String) -> String { version.hasSuffix("/") ? version : version + "/" }

    /// Stands in for a digest that was not looked up: other names, other bytes.
    private static func digest(of name: String) -> String { "sha256:" + JSONValue.string(name).sha256 }
}
