import Artifacts
import HTTPTypes
import JSON
import KubernetesAPI

/// One pass of what a controller-manager and a node would do, over the state and at a given time.
///
/// Nothing is remembered between passes: all that counts is in the objects, as in a real controller. Writes go through
/// the same checks as a client's, under the manager `kube-controller-manager` or `kubelet`, and are not counted as
/// requests.
struct Simulation {
    var state: APIServerState
    let options: SimulationOptions
    let now: Timestamp

    /// Runs one pass. Returns whether anything changed.
    static func step(_ state: inout APIServerState, _ options: SimulationOptions, now: Timestamp) -> Bool {
        var simulation = Simulation(state: state, options: options, now: now)
        let before = state.store.revision
        simulation.stepNodes()
        simulation.stepDeployments()
        simulation.stepReplicaSets()
        simulation.stepJobs()
        simulation.stepPods()
        simulation.stepServices()
        if options.collectsGarbage { simulation.collectGarbage() }
        state = simulation.state
        return state.store.revision != before
    }

    /// When something will happen by itself, if nobody does anything: the next Pod that starts or ends.
    ///
    /// A simple bound: a Pod that is neither ready nor finished, or that is going, is looked at again soon.
    static func isWaiting(_ state: APIServerState) -> Bool {
        state.store.objects(Kind.pods).values.contains { pod in
            if pod[path: "metadata", "deletionTimestamp"] != nil { return true }
            let phase = pod[path: "status", "phase"]
            return phase != "Succeeded" && phase != "Failed" && !isReady(pod)
        }
    }

    /// The resources that the simulation works on.
    enum Kind {
        static let pods = ResourceName(group: "", plural: "pods")
        static let nodes = ResourceName(group: "", plural: "nodes")
        static let services = ResourceName(group: "", plural: "services")
        static let endpoints = ResourceName(group: "", plural: "endpoints")
        static let namespaces = ResourceName(group: "", plural: "namespaces")
        static let accounts = ResourceName(group: "", plural: "serviceaccounts")
        static let slices = ResourceName(group: "discovery.k8s.io", plural: "endpointslices")
        static let deployments = ResourceName(group: "apps", plural: "deployments")
        static let replicaSets = ResourceName(group: "apps", plural: "replicasets")
        static let jobs = ResourceName(group: "batch", plural: "jobs")
    }

    // MARK: Reading

    func objects(_ resource: ResourceName) -> [JSONValue] {
        state.store.objects(resource).sorted { $0.key < $1.key }.map(\.value)
    }

    /// The objects of a resource by the uid of the owner that controls them.
    func controlled(_ resource: ResourceName) -> [String: [JSONValue]] {
        var result: [String: [JSONValue]] = [:]
        for object in objects(resource) {
            guard let owner = object.controllerUID else { continue }
            result[owner, default: []].append(object)
        }
        return result
    }

    static func isReady(_ pod: JSONValue) -> Bool {
        (pod[path: "status", "conditions"]?.array ?? []).contains { $0["type"] == "Ready" && $0["status"] == "True" }
    }

    func elapsed(since text: String?) -> Duration { now.elapsed(since: text) }

    // MARK: Writing

    private func request(_ resource: ResourceName, _ object: JSONValue, _ subresource: String?) -> ResourceRequest? {
        state.definition(resource).map { definition in
            ResourceRequest(
                definition: definition,
                namespace: definition.isNamespaced ? object.namespace : nil,
                name: object.name,
                subresource: subresource
            )
        }
    }

    /// Creates an object; where that is refused the next pass tries again, as a controller does.
    mutating func create(_ resource: ResourceName, _ object: JSONValue, manager: String = "kube-controller-manager") {
        guard let request = request(resource, object, nil),
            state.store.object(resource, object.key) == nil,
            let admitted = try? state.admitted(object, request.definition)
        else { return }
        _ = try? state.create(admitted.object, request, WriteOptions(manager: manager), now: now)
    }

    /// Stores what `change` makes of an object, or of its status.
    mutating func update(
        _ resource: ResourceName,
        _ object: JSONValue,
        status: Bool = false,
        manager: String = "kube-controller-manager",
        _ change: (inout JSONValue) -> Void
    ) {
        guard let request = request(resource, object, status ? "status" : nil),
            let present = state.store.object(resource, object.key)
        else { return }
        var changed = present
        change(&changed)
        guard changed != present,
            let admitted = try? state.admitted(state.served(changed, request.definition), request.definition)
        else { return }
        _ = try? state.update(present, to: admitted.object, request, WriteOptions(manager: manager), now: now)
    }

    /// Deletes an object as a client would.
    mutating func delete(_ resource: ResourceName, _ object: JSONValue) {
        guard let request = request(resource, object, nil) else { return }
        let call = APIRequest(method: .delete, path: [], query: [("propagationPolicy", "Background")])
        _ = try? state.delete(call, request, now)
    }

    /// Takes an object away at once.
    mutating func remove(_ resource: ResourceName, _ object: JSONValue) {
        guard let definition = state.definition(resource) else { return }
        state.vanish(definition, object.key)
    }
}

extension Timestamp {
    /// How much later this is than a time in an object; zero where there is none.
    func elapsed(since text: String?) -> Duration {
        guard let text, let time = try? Timestamp(rfc3339: text) else { return .zero }
        return self - time
    }
}

extension JSONValue {
    var name: String { self[path: "metadata", "name"]?.string ?? "" }
    var namespace: String { self[path: "metadata", "namespace"]?.string ?? "" }
    var uid: String { self[path: "metadata", "uid"]?.string ?? "" }
    var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

    /// The uid of the owner that controls the object.
    var controllerUID: String? {
        (self[path: "metadata", "ownerReferences"]?.array ?? []).first { $0["controller"] == true }?["uid"]?.string
    }

    /// Whether the object's deletion was asked for.
    var isTerminating: Bool { self[path: "metadata", "deletionTimestamp"] != nil }

    /// A controlling reference to this object.
    func asOwner(_ apiVersion: String, _ kind: String) -> JSONValue {
        [
            "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name), "uid": .string(uid),
            "controller": true, "blockOwnerDeletion": true,
        ]
    }

    /// A number at a path; 0 where there is none.
    func count(_ names: String...) -> Int64 { names.reduce(self as JSONValue?) { $0?[$1] }?.integer ?? 0 }
}
