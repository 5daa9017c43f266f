public import KubernetesAPI
public import ModelAppAPI
import Schedules
import Selection

/// What is wrong with a spec, beyond what its schema can say.
public struct SpecCheck: Sendable, Hashable {
    /// Problems that only an edit of the spec can solve.
    public let problems: [FieldProblem]
    /// The paths of fields that are set and that this version does not act on.
    public let unsupported: [String]

    /// Checks the spec of `app`. It depends on the name and the spec alone, so that a caller may keep it for a generation.
    public init(_ app: ModelApp) {
        problems = Self.problems(in: app)
        unsupported = problems.isEmpty ? Self.unsupported(in: app.spec) : []
    }

    /// Whether a plan may go by the spec.
    public var isUsable: Bool { problems.isEmpty && unsupported.isEmpty }

    /// Problems that only an edit of the spec can solve; empty if there are none.
    public static func problems(in app: ModelApp) -> [FieldProblem] {
        var problems = schema.problems(with: app.spec.json, at: "spec") { pattern, text in
            patterns[pattern]?.matches(text) ?? true
        }
        if patterns[ModelAppDefinition.namePattern]?.matches(app.metadata.name) == false {
            problems.append(
                FieldProblem("metadata.name", "must start with a letter and have at most 46 of a-z, 0-9 and -")
            )
        }
        if app.spec.interval.duration < .seconds(1) {
            problems.append(FieldProblem("spec.interval", "must be at least 1s, not \(app.spec.interval)"))
        }
        problems += SelectionSpec.problems(in: app.spec)
        problems += sourceProblems(app.spec.model)
        problems += fixedNameProblems(app.spec)
        for rule in app.spec.rollout.after where app.key(of: rule) == app.key {
            problems.append(FieldProblem("spec.rollout.after[\(rule.name)].modelApp", "names this ModelApp itself"))
        }
        problems += VerifyCheck.problems(in: app.spec.rollout.verify)
        problems += VerificationCheck.problems(in: app.spec)
        // Whether a time zone is known is not a matter of the spec alone.
        let zones = Dictionary(uniqueKeysWithValues: app.spec.rollout.timeZones.map { ($0, TimeZoneRules.utc) })
        do throws(FieldProblem) {
            _ = try CalendarGate.calendar(app.spec.rollout, zones: zones)
        } catch {
            problems.append(error)
        }
        problems += strategyProblems(app.spec)
        problems += bakedProblems(app.spec)
        let ports = app.spec.target.service?.ports ?? []
        if ports.count > 1 {
            for (index, port) in ports.enumerated() where (port.name ?? "").isEmpty {
                problems.append(
                    FieldProblem(
                        "spec.target.service.ports[\(index)].name",
                        "is required where there are several ports"
                    )
                )
            }
        }
        return problems
    }

    // Made once: every pass over every ModelApp asks them.
    private static let schema = ModelAppSpec.schema
    private static let patterns: [String: Pattern] = {
        var patterns: [String: Pattern] = [:]
        func add(_ pattern: String) { patterns[pattern] = try? Pattern(pattern) }
        func walk(_ schema: OpenAPISchema) {
            if let pattern = schema.pattern { add(pattern) }
            schema.properties.values.forEach(walk)
            if let items = schema.items { walk(items) }
            if let values = schema.additionalProperties { walk(values) }
        }
        walk(schema)
        add(ModelAppDefinition.namePattern)
        return patterns
    }()

    /// What asks for a choice where there is none.
    private static func fixedNameProblems(_ spec: ModelAppSpec) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        let (pin, skip) = (spec.rollout.pin?.model, spec.rollout.skip?.model ?? [])
        if !spec.model.objects.isEmpty {
            let why =
                "spec.model.objects are overwritten in place and have no versions to choose from; spec.suspend holds them"
            if pin != nil { problems.append(FieldProblem("spec.rollout.pin.model", why)) }
            if !skip.isEmpty { problems.append(FieldProblem("spec.rollout.skip.model", why)) }
        }
        if spec.model.pointer != nil, let pin {
            do throws(SelectionError) {
                let name = try PointerText(Array(pin.utf8)).version
                if name != pin { problems.append(FieldProblem("spec.rollout.pin.model", "must be \(name)")) }
            } catch {
                problems.append(FieldProblem("spec.rollout.pin.model", "no name of a version below the prefix"))
            }
        }
        return problems
    }

    /// Fields that are set and that this version does not act on.
    public static func unsupported(in spec: ModelAppSpec) -> [String] {
        var paths: [String] = []
        func unless(_ isDefault: Bool, _ path: String) { if !isDefault { paths.append(path) } }
        // The digest of an artifact is that of its manifest, and a list inside of it says nothing of that.
        unless(spec.model.oci == nil || spec.verification?.model == nil, "spec.verification.model")
        unless(spec.delivery.mode != .imageVolume, "spec.delivery.mode")
        unless(spec.delivery.prefetch == .never, "spec.delivery.prefetch")
        unless(spec.delivery.reload == nil, "spec.delivery.reload")
        let rollout = spec.rollout
        // A candidate would have the labels by which an adopted Deployment and its Services select.
        unless(rollout.verify.isEmpty || spec.target.adopt == nil, "spec.rollout.verify")
        return paths
    }
}
