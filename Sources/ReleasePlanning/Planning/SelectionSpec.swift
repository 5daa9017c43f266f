import Artifacts
public import KubernetesAPI
public import ModelAppAPI
public import Selection

/// The spec's rules of selection as values of `Selection`.
public enum SelectionSpec {
    /// Rules for the tags of the code half.
    public static func codeRules(_ spec: ModelAppSpec) throws(FieldProblem) -> SelectionRules {
        var exclude: [Pattern] = []
        for (index, pattern) in (spec.code.exclude ?? SelectionRules.defaultExclude).enumerated() {
            exclude.append(try compile(pattern, "spec.code.exclude[\(index)]"))
        }
        return try rules(
            spec.code.select,
            spec.code.filter,
            exclude,
            spec,
            "spec.code",
            skip: spec.rollout.skip?.code ?? [],
            pin: spec.rollout.pin?.code,
            onMissing: spec.code.onMissing
        )
    }

    /// Rules for the versions of the model half; nil where the spec has none.
    public static func modelRules(_ spec: ModelAppSpec) throws(FieldProblem) -> SelectionRules? {
        guard let versions = spec.model.versions else { return nil }
        // Beside an artifact lie its signatures, as beside an image.
        var exclude: [Pattern] = []
        if spec.model.oci != nil {
            for pattern in SelectionRules.defaultExclude { exclude.append(try compile(pattern, "spec.model.versions")) }
        }
        return try rules(
            versions.select,
            versions.filter,
            exclude,
            spec,
            "spec.model.versions",
            skip: spec.rollout.skip?.model ?? [],
            pin: spec.rollout.pin?.model,
            onMissing: spec.model.onMissing
        )
    }

    /// Which objects belong to a version of the model, and when it is complete.
    public static func objectRules(_ spec: ModelAppSpec) throws(FieldProblem) -> ObjectSetRules {
        let complete: CompletenessRule
        switch (spec.model.complete?.marker, spec.model.complete?.manifest, spec.model.complete?.settle) {
        case (let marker?, _, _): complete = .marker(marker)
        case (_, let manifest?, _): complete = .manifest(manifest)
        case (_, _, let settle):
            complete = .settle((settle?.duration ?? CompletenessSpec.defaultSettle).wholeMicroseconds / 1000)
        }
        do {
            for (list, globs) in [("includeFiles", spec.model.includeFiles), ("excludeFiles", spec.model.excludeFiles)]
            {
                for (index, glob) in globs.enumerated() {
                    do throws(SelectionError) { _ = try Glob(glob) } catch {
                        throw FieldProblem("spec.model.\(list)[\(index)]", "\(error)")
                    }
                }
            }
            return ObjectSetRules(
                complete: complete,
                files: try FileFilter(include: spec.model.includeFiles, exclude: spec.model.excludeFiles),
                fixedNames: Set(spec.model.objects),
                proof: spec.verification?.model.map { $0.signature?.bundle ?? $0.manifest } ?? nil
            )
        } catch let problem as FieldProblem {
            throw problem
        } catch {
            throw FieldProblem("spec.model.includeFiles", "\(error)")
        }
    }

    /// What cannot be compiled.
    static func problems(in spec: ModelAppSpec) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        do throws(FieldProblem) { _ = try codeRules(spec) } catch { problems.append(error) }
        do throws(FieldProblem) { _ = try modelRules(spec) } catch { problems.append(error) }
        do throws(FieldProblem) { _ = try objectRules(spec) } catch { problems.append(error) }
        for (index, platform) in spec.code.platforms.enumerated() {
            do throws(ArtifactError) { _ = try Platform(platform) } catch {
                problems.append(FieldProblem("spec.code.platforms[\(index)]", error.message))
            }
        }
        do throws(ArtifactError) {
            let reference = try ImageReference(spec.code.image)
            if reference.tag != nil || reference.digest != nil {
                problems.append(
                    FieldProblem("spec.code.image", "names a repository, without tag and digest: \(reference.name)")
                )
            }
        } catch {
            problems.append(FieldProblem("spec.code.image", error.message))
        }
        if let oci = spec.model.oci {
            do throws(ArtifactError) {
                let reference = try ImageReference(oci.repository)
                if reference.tag != nil || reference.digest != nil {
                    let message = "names a repository, without tag and digest: \(reference.name)"
                    problems.append(FieldProblem("spec.model.oci.repository", message))
                }
            } catch {
                problems.append(FieldProblem("spec.model.oci.repository", error.message))
            }
        }
        let prefix = spec.model.azureBlob?.prefix ?? spec.model.s3?.prefix ?? ""
        if !prefix.isEmpty, !prefix.hasSuffix("/") {
            let store = spec.model.azureBlob != nil ? "azureBlob" : "s3"
            problems.append(FieldProblem("spec.model.\(store).prefix", "must end at a slash: \"\(prefix.clipped)/\""))
        }
        if spec.model.tls?.plainHTTP == true, let problem = plainHTTPProblem(spec.model) { problems.append(problem) }
        return problems
    }

    /// Plain HTTP is said twice, by the flag and by the endpoint's scheme, so that neither goes unnoticed.
    private static func plainHTTPProblem(_ model: ModelSource) -> FieldProblem? {
        guard let endpoint = model.azureBlob?.endpoint ?? model.s3?.endpoint ?? model.mlflow?.url else { return nil }
        if endpoint.hasPrefix("http://") { return nil }
        let found =
            endpoint.isEmpty ? "without an endpoint the provider's own is used, by TLS" : "\"\(endpoint.clipped)\""
        return FieldProblem("spec.model.tls.plainHTTP", "needs an endpoint that begins with http://; \(found)")
    }

    private static func rules(
        _ select: SelectPolicy,
        _ filter: CandidateFilterSpec?,
        _ exclude: [Pattern],
        _ spec: ModelAppSpec,
        _ path: String,
        skip: [String],
        pin: String?,
        onMissing: OnMissing
    ) throws(FieldProblem) -> SelectionRules {
        var compiled: CandidateFilter?
        if let filter {
            do throws(SelectionError) {
                compiled = try CandidateFilter(match: filter.match, extract: filter.extract)
            } catch {
                throw FieldProblem("\(path).filter.\(error.code == .template ? "extract" : "match")", "\(error)")
            }
        }
        return SelectionRules(
            policy: try policy(select, "\(path).select"),
            filter: compiled,
            exclude: exclude,
            minimumAge: (spec.rollout.minAge?.duration ?? .zero).wholeMicroseconds / 1000,
            skip: Set(skip),
            pin: pin,
            onMissing: onMissing == .keep ? .keep : .downgrade
        )
    }

    private static func policy(_ select: SelectPolicy, _ path: String) throws(FieldProblem) -> SelectionPolicy {
        if let semver = select.semver {
            do {
                return .semver(try VersionRange(semver.range))
            } catch {
                throw FieldProblem("\(path).semver.range", "\(error)")
            }
        }
        if select.numerical != nil { return .numerical(.ascending) }
        if select.alphabetical != nil { return .alphabetical(.ascending) }
        if select.newest != nil { return .newest }
        if let tag = select.tag { return .tag(tag.name) }
        throw FieldProblem(path, "exactly one of semver, numerical, alphabetical, newest, tag is needed")
    }

    private static func compile(_ pattern: String, _ path: String) throws(FieldProblem) -> Pattern {
        do {
            return try Pattern(pattern)
        } catch {
            throw FieldProblem(path, "\(error)")
        }
    }
}
