import JSON
import KubernetesAPI
import ModelAppAPI

/// Renders a release into the user's pod template. Pure, and stable over time: what it returns is frozen.
struct TemplateRenderer {
    /// The ModelApp.
    let app: ModelApp
    /// The image of the init container where the spec names none.
    let fetchImage: String
    /// What is patched of an adopted Deployment; nil for an own template.
    var adopted: AdoptedContainers?

    /// Labels that select the pods of a ModelApp in one slot, from its first day.
    static func selector(of app: ModelApp, in slot: Slot = .a) -> [String: String] {
        [Keys.name: app.metadata.name, Keys.slot: slot.rawValue]
    }

    /// The hash of all that the user says about the template: its change is a release.
    ///
    /// Members at their defaults do not count, so that a member which a later version adds is no release.
    var templateHash: String {
        var delivery = app.spec.delivery
        delivery.prefetch = .never
        delivery.reload = nil
        // Who pushes does not change what is pushed.
        delivery.baked?.auth = nil
        delivery.baked?.sign = nil
        var parts: [String: JSONValue] = [
            "template": app.spec.target.own?.template ?? .null,
            "container": app.spec.target.container.map { .string($0) } ?? .null,
            "delivery": Self.difference(of: delivery.json, from: Delivery().json),
        ]
        parts["adopted"] = adopted?.identity
        if delivery.mode == .initContainer { parts["source"] = FetchContainer.identity(of: app.spec) }
        if delivery.mode == .baked { parts["platforms"] = .array(app.spec.code.wantedPlatforms.map { .string($0) }) }
        return JSONValue.object(parts).sha256
    }

    private static func difference(of value: JSONValue, from base: JSONValue) -> JSONValue {
        guard case .object(let members) = value, case .object(let defaults) = base else { return value }
        var kept: [String: JSONValue] = [:]
        for (name, member) in members where member != defaults[name] {
            kept[name] = defaults[name].map { difference(of: member, from: $0) } ?? member
        }
        return .object(kept)
    }

    /// The pod template of `release`.
    func template(for release: Release, model: ResolvedModel) throws(TemplateError) -> JSONValue {
        var template = adopted?.template ?? app.spec.target.own?.template ?? .object([:])
        guard var spec = template["spec"], var containers = spec["containers"]?.array, !containers.isEmpty else {
            throw TemplateError(
                "InvalidTemplate",
                "spec.target.own.template.spec.containers: a pod template needs a container"
            )
        }
        let index = try adopted == nil ? CodeContainer.index(in: containers, target: app.spec.target) : 0
        var container = containers[index]
        container["image"] = .string(release.image)
        set(environment(release, model), in: &container)
        containers[index] = container
        if app.spec.delivery.mode == .initContainer {
            FetchContainer(app: app, fetchImage: fetchImage).add(
                to: &spec,
                containers: &containers,
                index: index,
                release: release,
                model: model
            )
        }
        for position in containers.indices { containers[position] = withProtocols(containers[position]) }
        spec["containers"] = .array(containers)
        template["spec"] = spec
        var metadata = template["metadata"] ?? .object([:])
        var labels = metadata["labels"] ?? .object([:])
        // The pods of an adopted Deployment are found by its own labels.
        if adopted == nil { for (name, value) in Self.selector(of: app) { labels[name] = .string(value) } }
        labels[Keys.release] = .string(release.id)
        metadata["labels"] = labels
        template["metadata"] = metadata
        return template
    }

    private func environment(_ release: Release, _ model: ResolvedModel) -> [(String, String)] {
        let names = app.spec.delivery.env
        var pairs = [(names.version, release.model.version), (names.revision, release.model.digest)]
        switch release.mode {
        case .reference:
            // A reader of the store needs an address, not a path; a name that the user chose stays.
            pairs.append((names.path == "MODEL_PATH" ? "MODEL_URI" : names.path, model.uri))
        case .initContainer, .baked, .imageVolume: pairs.append((names.path, app.spec.delivery.mountPath))
        }
        return pairs
    }

    private func set(_ pairs: [(String, String)], in container: inout JSONValue) {
        let names = Set(pairs.map(\.0))
        var variables = container["env"]?.array ?? []
        variables.removeAll { names.contains($0["name"]?.string ?? "") }
        variables += pairs.map { ["name": .string($0.0), "value": .string($0.1)] }
        container["env"] = .array(variables)
    }

    /// Fills in the protocol of ports: it is part of their key in a server-side apply, and old servers do not default
    /// it there.
    private func withProtocols(_ container: JSONValue) -> JSONValue {
        guard let ports = container["ports"]?.array else { return container }
        var container = container
        container["ports"] = .array(
            ports.map { port in
                guard port.object != nil, port["protocol"] == nil else { return port }
                var port = port
                port["protocol"] = "TCP"
                return port
            }
        )
        return container
    }
}

/// The labels and annotations that the operator writes and reads.
public enum Keys {
    /// Label: the ModelApp's name.
    public static let name = "modelapp.dev/name"
    /// Label: which of several Deployments.
    public static let slot = "modelapp.dev/slot"
    /// The slot of pods that are verified: no Service selects it.
    public static let candidateSlot = "candidate"
    /// Annotation of candidates' pods and of releases: which try it is.
    public static let attempt = "modelapp.dev/attempt"
    /// Label of pods, label and annotation of Deployments: the release.
    public static let release = "modelapp.dev/release"
    /// Annotation: the tag that the code had.
    public static let codeTag = "modelapp.dev/code-tag"
    /// Annotation: the model's version.
    public static let modelVersion = "modelapp.dev/model-version"
    /// Annotation: sha256 of the body that was applied last.
    public static let applied = "modelapp.dev/applied"
    /// Annotation of Deployments: the release whose pods are replaced without a surge, because there is no room for one.
    public static let noSurge = "modelapp.dev/no-surge"
    /// Annotation of the Deployment that waits for traffic: how many pods it was given, for which try of which release.
    public static let sizedFor = "modelapp.dev/sized-for"
    /// Annotation: the replicas that the spec asked for last.
    public static let replicas = "modelapp.dev/replicas"
    /// Annotation: how often fields were taken from another manager, since when, in which generation of the ModelApp.
    public static let takes = "modelapp.dev/takes"
    /// Annotation: the ModelApp that claims the object, `namespace/name/uid`.
    public static let claimedBy = "modelapp.dev/claimed-by"
    /// Annotation of ModelApps: asks for a scan now.
    public static let reconcileRequestedAt = "modelapp.dev/reconcile-requested-at"
    /// Annotation of ModelApps: the release that may start although no window is open.
    public static let releaseNow = "modelapp.dev/release-now"
    /// Annotation of ModelApps: the release that is approved, and by whom: `<release id> <user>`.
    public static let approve = "modelapp.dev/approve"
    /// Annotation of ModelApps: the release that failed and shall be tried again.
    public static let unquarantine = "modelapp.dev/unquarantine"
    /// Annotation of ModelApps: the release that runs, and the one that shall be put back in its place.
    public static let rollback = "modelapp.dev/rollback"
    /// Annotation of ModelApps: the release that was put back by hand and shall not be held any longer.
    public static let resume = "modelapp.dev/resume"
}
