import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning

/// What a plan was applied to and refused for.
struct WorldError: Error, CustomStringConvertible {
    var description: String
}

/// An API server, a deployment controller and a garbage collector in a hundred lines: stores what is applied the way a
/// server does (merged by field owner, normalised, with defaults), and moves pods when told to.
struct World {
    var app: ModelApp { didSet { if app.spec != oldValue.spec { check = SpecCheck(app) } } }
    /// Made once for each spec: it costs more than the rest of a pass.
    private var check: SpecCheck
    var now = Fixtures.now
    var policy = Fixtures.policy
    private(set) var objects: [String: JSONValue] = [:]
    /// The status of the pods of the present release, where it does not come up.
    var trouble: JSONValue = [:]
    /// Who else owns fields of the adopted Deployment.
    var fieldOwners: FieldOwners?
    /// Who else has claimed it.
    var holder: Claim?
    /// The status of the candidate's pod; nil for one that is ready.
    var candidateTrouble: JSONValue?
    /// The status of the pods of the second slot; nil for pods that are ready.
    var secondTrouble: JSONValue?
    /// Pods with our labels that somebody else made.
    var strangers: [JSONValue] = []
    /// How the check that is under way stands.
    var checks: [String: CheckProgress] = [:]
    /// The ModelApps that are waited for.
    var upstreams: [Upstream] = []
    private var owned: [String: JSONValue] = [:]
    private var counter: Int64 = 100

    init(_ app: ModelApp) {
        self.app = app
        check = SpecCheck(app)
    }

    static let deployment = "Deployment classifier"
    /// The Deployment that carries the release.
    var deployment: String { "Deployment \(app.deploymentKey.name)" }
    static let service = "Service classifier"
    static let candidate = "Deployment classifier-candidate"
    /// The Deployment of the second slot.
    static let second = "Deployment classifier-b"

    /// What the operator sees, the releases in any order.
    func observation(shuffledBy generator: inout some RandomNumberGenerator) throws -> Observation {
        var releases: [StoredRelease] = []
        for (name, object) in objects where name.hasPrefix("ControllerRevision ") {
            guard let release = StoredRelease(try ControllerRevision(json: object)) else {
                throw WorldError(description: "\(name) holds no release")
            }
            releases.append(release)
        }
        var observation = Observation(
            app: app,
            check: check,
            deployment: try objects[deployment].map { try Deployment(json: $0) },
            service: try objects[Self.service].map { try Service(json: $0) },
            releases: releases.shuffled(using: &generator)
        )
        observation.fieldOwners = fieldOwners
        observation.holder = holder
        observation.claimed = try objects.filter { $0.key.hasPrefix("Deployment ") }.values
            .map { try Deployment(json: $0) }.filter { Claim(on: $0.metadata)?.holder == app.key }
        if app.spec.target.adopt != nil {
            observation.leftovers = try [Self.deployment, Self.second].compactMap { objects[$0] }
                .map { try Deployment(json: $0) }
        } else {
            observation.arrange(
                a: try objects[Self.deployment].map { try Deployment(json: $0) },
                b: try objects[Self.second].map { try Deployment(json: $0) }
            )
        }
        observation.upstreams = upstreams
        observation.checkProgress = checks
        observation.candidate = try objects[Self.candidate].map { try Deployment(json: $0) }
        if observation.needsPods { observation.pods = try pods(troubled: trouble) }
        return observation
    }

    func observation() throws -> Observation {
        var generator = SystemRandomNumberGenerator()
        return try observation(shuffledBy: &generator)
    }

    func plan(_ resolution: Resolution) throws -> Plan {
        makePlan(for: try observation(), resolution: resolution, now: now, policy: policy)
    }

    /// Carries out the first steps of `plan`; a crash leaves the others.
    mutating func carryOut(_ plan: Plan, steps: Int = .max) throws {
        for step in plan.steps.prefix(steps) {
            switch step {
            case .apply(let apply, _): try self.apply(apply, manager: "modelapp")
            case .scale(let apply): try self.apply(apply, manager: "modelapp-scale")
            case .claim(let apply):
                try self.apply(apply, manager: "modelapp-claim")
                return
            case .letGo(let key, let version): try letGo(key, version)
            case .delete(let resource, let key, let uid):
                let name = "\(resource.kind) \(key.name)"
                guard objects[name]?["metadata"]?["uid"]?.string == uid else {
                    throw WorldError(description: "delete of another \(name)")
                }
                remove(name)
            case .confirm(let resource, let key, let version):
                let name = "\(resource.kind) \(key.name)"
                guard objects[name]?["metadata"]?["resourceVersion"]?.string == version else {
                    throw WorldError(description: "conflict on \(name)")
                }
            }
        }
        // A status is written once there is nothing else to do, as the controller does.
        if plan.isEmpty { app.status = plan.status }
    }

    /// Plans and applies until there is nothing to do; throws where that does not end.
    @discardableResult
    mutating func settle(_ resolution: Resolution) throws -> [[String]] {
        var passes: [[String]] = []
        while passes.count < 8 {
            let plan = try plan(resolution)
            try carryOut(plan)
            if plan.isEmpty { return passes }
            passes.append(plan.summary)
        }
        throw WorldError(description: "does not settle: \(passes)")
    }

    /// Every pod runs the present template, by default the candidate's too.
    mutating func finishRollout(candidates: Bool = true) {
        finishRollout(of: deployment)
        if candidates, objects[Self.candidate] != nil { finishRollout(of: Self.candidate) }
        if candidates, secondTrouble == nil { finishRollout(of: Self.second) }
    }

    /// The candidate's pod is ready, or will never be, for what `status` says of it.
    mutating func finishCandidate(_ status: JSONValue? = nil) {
        candidateTrouble = status
        if status == nil { finishRollout(of: Self.candidate) }
    }

    mutating func finishRollout(of name: String) {
        guard var live = objects[name] else { return }
        let wanted = live["spec"]?["replicas"] ?? 1
        live["status"] = [
            "observedGeneration": live["metadata"]?["generation"] ?? 0, "replicas": wanted, "updatedReplicas": wanted,
            "readyReplicas": wanted, "availableReplicas": wanted,
        ]
        if name == deployment { trouble = [:] }
        store(name, live)
    }

    /// Pods of the present template are made, and suffer from what `status` says.
    mutating func beginRollout(_ status: JSONValue) {
        guard var live = objects[deployment] else { return }
        trouble = status
        let wanted = live["spec"]?["replicas"] ?? 1
        live["status"] = [
            "observedGeneration": live["metadata"]?["generation"] ?? 0, "replicas": wanted, "updatedReplicas": 1,
            "availableReplicas": wanted,
        ]
        store(deployment, live)
    }

    /// No pod of the present template becomes ready before the deadline, for what `status` says of it.
    mutating func failRollout(_ status: JSONValue) {
        guard var live = objects[deployment] else { return }
        trouble = status
        let wanted = live["spec"]?["replicas"] ?? 1
        live["status"] = [
            "observedGeneration": live["metadata"]?["generation"] ?? 0, "replicas": wanted, "updatedReplicas": 1,
            "availableReplicas": wanted,
            "conditions": [
                [
                    "type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
                    "message": "ReplicaSet has timed out progressing.",
                ]
            ],
        ]
        store(deployment, live)
    }

    private func pods(troubled status: JSONValue) throws -> [Pod] {
        let labels = objects[deployment]?["spec"]?["template"]?["metadata"]?["labels"] ?? [:]
        let candidate = objects[Self.candidate]?["spec"]?["template"]?["metadata"]
        let ready: JSONValue = [
            "conditions": [["type": "Ready", "status": "True"]], "podIP": "10.0.0.7", "hostIP": "10.0.0.1",
        ]
        let owner: JSONValue = [
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "classifier-candidate-5b", "uid": "rs",
            "controller": true,
        ]
        let second = objects[Self.second]?["spec"]?["template"]?["metadata"]
        var secondOwner = owner
        secondOwner["name"] = "classifier-b-5b"
        var firstOwner = owner
        firstOwner["name"] = "classifier-5b"
        let own = try [
            Pod(json: [
                "metadata": [
                    "name": "c1", "uid": "c1", "labels": candidate?["labels"] ?? [:],
                    "annotations": candidate?["annotations"] ?? [:], "ownerReferences": [owner],
                ],
                "status": candidateTrouble ?? ready,
            ]),
            Pod(json: [
                "metadata": ["name": "p1", "uid": "p1", "labels": labels, "ownerReferences": [firstOwner]],
                "status": status == [:] ? ready : status,
            ]),
            Pod(json: [
                "metadata": [
                    "name": "s1", "uid": "s1", "labels": second?["labels"] ?? [:],
                    "annotations": second?["annotations"] ?? [:], "ownerReferences": [secondOwner],
                ],
                "status": secondTrouble ?? ready,
            ]),
            // One of another release, and one that goes: neither counts.
            Pod(json: ["metadata": ["name": "p0", "labels": [:]], "status": Trouble.crash]),
            Pod(json: [
                "metadata": ["name": "p2", "labels": labels, "deletionTimestamp": "2026-01-01T00:00:00Z"],
                "status": Trouble.crash,
            ]),
        ]
        return try own + strangers.map { try Pod(json: $0) }
    }

    /// Rolls out and settles: what the world looks like an hour later.
    mutating func converge(_ resolution: Resolution) throws {
        try settle(resolution)
        finishRollout()
        try settle(resolution)
    }

    /// Somebody else writes a field.
    mutating func edit(_ name: String, _ path: String, _ value: JSONValue?) {
        guard var live = objects[name] else { return }
        // In a step, `~` stands for the slash of a label or an annotation.
        let steps = path.split(separator: "/").map { String($0).replacing("~", with: "/") }
        live.replace(steps[...], with: value)
        store(name, live)
    }

    /// Somebody else removes an object, or makes one.
    mutating func remove(_ name: String) {
        objects[name] = nil
        owned = owned.filter { !$0.key.hasSuffix(" \(name)") }
    }

    mutating func create(_ name: String, _ object: JSONValue) {
        store(name, object)
    }

    private mutating func apply(_ step: ApplyStep, manager: String) throws {
        let name = "\(step.resource.kind) \(step.key.name)"
        let live = objects[name]
        if let version = step.resourceVersion, live?["metadata"]?["resourceVersion"]?.string != version {
            throw WorldError(description: "conflict on \(name)")
        }
        if live == nil, manager != "modelapp" { throw WorldError(description: "\(manager) creates \(name)") }
        if let live, step.resource.kind == "ControllerRevision", live["data"] != step.body["data"] {
            throw WorldError(description: "data of \(name) is immutable")
        }
        var object = live ?? ["metadata": ["name": .string(step.key.name), "namespace": .string(step.key.namespace)]]
        if let before = owned["\(manager) \(name)"] { Merge.remove(before, notIn: step.body, from: &object) }
        Merge.set(step.body, in: &object)
        owned["\(manager) \(name)"] = step.body
        // Pods of another template suffer from nothing yet.
        if name == Self.deployment, object["spec"]?["template"] != live?["spec"]?["template"] { trouble = [:] }
        store(name, object)
    }

    private mutating func letGo(_ key: ObjectKey, _ version: String) throws {
        let name = "Deployment \(key.name)"
        guard var live = objects[name], live["metadata"]?["resourceVersion"]?.string == version else {
            throw WorldError(description: "conflict on \(name)")
        }
        live.replace(["metadata", "labels", Keys.name], with: nil)
        let removal = Claim.removal(resourceVersion: version)["metadata"]?["annotations"]?.object ?? [:]
        for key in removal.keys { live.replace(["metadata", "annotations", key], with: nil) }
        owned["modelapp-claim \(name)"] = nil
        store(name, live)
    }

    private mutating func store(_ name: String, _ object: JSONValue) {
        var object = ServerDefaults.normalise(object, kind: String(name.prefix { $0 != " " }))
        let live = objects[name]
        if object == live { return }
        counter += 1
        if live == nil {
            object["metadata"]?["uid"] = .string("uid-\(counter)")
            object["metadata"]?["creationTimestamp"] = .string(now.rfc3339)
        }
        if object["spec"] != live?["spec"] {
            object["metadata"]?["generation"] = .integer((live?["metadata"]?["generation"]?.integer ?? 0) + 1)
        }
        object["metadata"]?["resourceVersion"] = .string(String(counter))
        objects[name] = object
    }
}
