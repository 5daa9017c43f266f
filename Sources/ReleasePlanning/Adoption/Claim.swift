public import JSON
public import KubernetesAPI
public import ModelAppAPI

/// That an adopted Deployment is a ModelApp's: `namespace/name/uid` in an annotation.
public struct Claim: Sendable, Hashable {
    /// The ModelApp.
    public var holder: ObjectKey
    /// Its uid: a later ModelApp of the same name is another.
    public var uid: String

    /// The claim of `app`.
    public init(of app: ModelApp) {
        holder = app.key
        uid = app.metadata.uid
    }

    /// The claim on an object; nil where there is none. One from another namespace came with a copy of the object and does
    /// not count: ModelApps adopt in their own.
    public init?(on metadata: ObjectMeta) {
        let parts = (metadata.annotations[Keys.claimedBy] ?? "").split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, String(parts[0]) == metadata.namespace else { return nil }
        holder = ObjectKey(namespace: String(parts[0]), name: String(parts[1]))
        uid = String(parts[2])
    }

    /// `namespace/name/uid`.
    public var text: String { "\(holder.namespace)/\(holder.name)/\(uid)" }

    /// The annotations of an adopted Deployment.
    private static let annotations = [
        Keys.claimedBy, Keys.release, Keys.codeTag, Keys.modelVersion, Keys.applied, Keys.takes,
    ]

    /// The merge patch that takes label, claim and the other annotations off the state `resourceVersion` of an object,
    /// whoever wrote them.
    public static func removal(resourceVersion: String) -> JSONValue {
        let annotations = Self.annotations.map { ($0, JSONValue.null) }
        return [
            "metadata": [
                "resourceVersion": .string(resourceVersion), "labels": [Keys.name: .null],
                "annotations": .object(Dictionary(uniqueKeysWithValues: annotations)),
            ]
        ]
    }
}

extension ModelApp {
    /// The Deployment that carries the release: the adopted one, or the one of the ModelApp's own name.
    public var deploymentKey: ObjectKey {
        ObjectKey(namespace: metadata.namespace, name: spec.target.adopt?.name ?? metadata.name)
    }
}

extension Deployment {
    /// Whether it was made for the ModelApp called `name`, by the selector that only such a one has and that never changes;
    /// false for one that was adopted.
    func isMade(for name: String) -> Bool {
        let labels = spec["selector"]?["matchLabels"]
        return labels?[Keys.name]?.string == name && labels?[Keys.slot] != nil
    }

    /// The labels by which it selects its pods.
    var matchLabels: [String: String] {
        (spec["selector"]?["matchLabels"]?.object ?? [:]).compactMapValues(\.string)
    }
}

extension Collection<Deployment> {
    /// Takes the claims of the ModelApp called `holder` off those that it adopted and does not name any more: all but the
    /// one called `target`.
    public func lettingGo(of holder: ObjectKey, except target: ObjectKey?) -> [PlanStep] {
        filter { $0.key != target && Claim(on: $0.metadata)?.holder == holder && !$0.isMade(for: holder.name) }
            .map { .letGo($0.key, resourceVersion: $0.metadata.resourceVersion) }
    }
}
