import Artifacts
import JSON

/// The deployment controller (kubernetes `pkg/controller/deployment`): one replica set for each template, moved over
/// within `maxSurge` and `maxUnavailable`.
extension Simulation {
    private static let revision = "deployment.kubernetes.io/revision"
    private static let hashLabel = "pod-template-hash"

    mutating func stepDeployments() {
        let sets = controlled(Kind.replicaSets)
        let pods = controlled(Kind.pods)
        for deployment in objects(Kind.deployments) where !deployment.isTerminating {
            let own = sets[deployment.uid] ?? []
            let isPaused = deployment[path: "spec", "paused"] == true
            var current = own.first { Self.template(of: $0) == Self.template(of: deployment) }
            let old = own.filter { $0.name != current?.name }
            // With Recreate the new pods wait until the old ones are gone, those that are still ending too.
            let mustWait =
                deployment[path: "spec", "strategy", "type"] == "Recreate"
                && old.contains { set in !(pods[set.uid] ?? []).isEmpty }
            if current == nil, !isPaused, !mustWait {
                current = makeReplicaSet(deployment, own)
            } else if let found = current, !isPaused {
                renumber(found, among: own)
            }
            if !isPaused || current != nil { scale(deployment, mustWait ? nil : current, old) }
            if !isPaused { markRevision(deployment, current) }
            writeStatus(deployment, current, old)
            dropOldSets(deployment, old)
        }
    }

    /// A template without the label that its replica set adds.
    private static func template(of object: JSONValue) -> JSONValue {
        var template = object[path: "spec", "template"] ?? .null
        template.editIfPresent("metadata") { metadata in
            metadata.editIfPresent("labels") { $0[hashLabel] = nil }
        }
        return template
    }

    private func revisionNumber(_ set: JSONValue) -> Int64 {
        set[path: "metadata", "annotations", Self.revision]?.string.flatMap { Int64($0) } ?? 0
    }

    private mutating func makeReplicaSet(_ deployment: JSONValue, _ sets: [JSONValue]) -> JSONValue? {
        let text = Self.template(of: deployment).canonicalText
        // FNV-1a, as the original hashes the template.
        let hash = text.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        let label = JSONValue.string(String(String(hash, radix: 36).suffix(10)))
        var template = Self.template(of: deployment)
        template.edit("metadata") { metadata in metadata.edit("labels") { $0[Self.hashLabel] = label } }
        var selector = deployment[path: "spec", "selector"] ?? .object([:])
        selector.edit("matchLabels") { $0[Self.hashLabel] = label }
        let number = (sets.map { revisionNumber($0) }.max() ?? 0) + 1
        var annotations = deployment[path: "metadata", "annotations"]?.object ?? [:]
        annotations["kubectl.kubernetes.io/last-applied-configuration"] = nil
        annotations[Self.revision] = .string(String(number))
        var spec: JSONValue = ["replicas": 0, "selector": selector, "template": template]
        spec["minReadySeconds"] = deployment[path: "spec", "minReadySeconds"]
        let set: JSONValue = [
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": [
                "name": .string("\(deployment.name)-\(label.string ?? "")"), "namespace": .string(deployment.namespace),
                "labels": template[path: "metadata", "labels"] ?? .object([:]), "annotations": .object(annotations),
                "ownerReferences": [deployment.asOwner("apps/v1", "Deployment")],
            ],
            "spec": spec,
        ]
        create(Kind.replicaSets, set)
        return state.store.object(Kind.replicaSets, set.key)
    }

    /// An older template that is wanted again gets the highest number (rollback).
    private mutating func renumber(_ set: JSONValue, among sets: [JSONValue]) {
        let highest = sets.filter { $0.name != set.name }.map { revisionNumber($0) }.max() ?? 0
        guard revisionNumber(set) < highest else { return }
        update(Kind.replicaSets, set) { set in
            set.edit("metadata") { $0.edit("annotations") { $0[Self.revision] = .string(String(highest + 1)) } }
        }
    }

    private mutating func markRevision(_ deployment: JSONValue, _ current: JSONValue?) {
        guard let current, let stored = state.store.object(Kind.replicaSets, current.key) else { return }
        let number = stored[path: "metadata", "annotations", Self.revision]
        // Through status, as the original does, so that it makes no new generation.
        update(Kind.deployments, deployment, status: true) { deployment in
            deployment.edit("metadata") { $0.edit("annotations") { $0[Self.revision] = number } }
        }
    }

    // MARK: Scaling

    private func resolved(_ value: JSONValue?, of total: Int64, roundsUp: Bool) -> Int64 {
        if let number = value?.integer { return max(0, number) }
        guard let text = value?.string, text.hasSuffix("%"), let percent = Int64(text.dropLast()),
            (0...100).contains(percent),
            total >= 0, total < 1 << 32
        else { return 0 }
        return (total * percent + (roundsUp ? 99 : 0)) / 100
    }

    private mutating func set(_ set: JSONValue, replicas: Int64) {
        guard set.count("spec", "replicas") != replicas else { return }
        update(Kind.replicaSets, set) { $0.edit("spec") { $0["replicas"] = .integer(max(0, replicas)) } }
    }

    private mutating func scale(_ deployment: JSONValue, _ current: JSONValue?, _ old: [JSONValue]) {
        let desired = deployment.count("spec", "replicas")
        let strategy = deployment[path: "spec", "strategy"] ?? .null
        guard strategy["type"] != "Recreate" else {
            for other in old { set(other, replicas: 0) }
            if let current { set(current, replicas: desired) }
            return
        }
        let surge = resolved(strategy[path: "rollingUpdate", "maxSurge"], of: desired, roundsUp: true)
        var unavailable = resolved(strategy[path: "rollingUpdate", "maxUnavailable"], of: desired, roundsUp: false)
        if surge == 0, unavailable == 0 { unavailable = 1 }
        guard let current else { return }
        let total = ([current] + old).reduce(0) { $0 + $1.count("spec", "replicas") }
        let own = current.count("spec", "replicas")
        if own > desired {
            set(current, replicas: desired)
        } else if own < desired, total < desired + surge {
            set(current, replicas: own + min(desired + surge - total, desired - own))
            return
        }
        scaleDown(old, current, total: total, desired: desired, unavailable: unavailable)
    }

    private mutating func scaleDown(
        _ old: [JSONValue],
        _ current: JSONValue,
        total: Int64,
        desired: Int64,
        unavailable: Int64
    ) {
        let minimum = desired - unavailable
        let missing = current.count("spec", "replicas") - current.count("status", "availableReplicas")
        var room = total - minimum - max(0, missing)
        var left = Dictionary(uniqueKeysWithValues: old.map { ($0.name, $0.count("spec", "replicas")) })
        // What does not work is taken away first.
        for other in old where room > 0 {
            let broken = min(room, other.count("spec", "replicas") - other.count("status", "availableReplicas"))
            guard broken > 0 else { continue }
            left[other.name, default: 0] -= broken
            room -= broken
        }
        let available = ([current] + old).reduce(0) { $0 + $1.count("status", "availableReplicas") }
        var surplus = min(room, available - minimum)
        for other in old where surplus > 0 {
            let part = min(surplus, left[other.name] ?? 0)
            left[other.name, default: 0] -= part
            surplus -= part
        }
        for other in old { set(other, replicas: left[other.name] ?? 0) }
    }

    private mutating func dropOldSets(_ deployment: JSONValue, _ old: [JSONValue]) {
        let limit = deployment[path: "spec", "revisionHistoryLimit"]?.integer ?? 10
        let idle = old.filter { $0.count("spec", "replicas") == 0 && $0.count("status", "replicas") == 0 }
        guard idle.count > max(0, Int(clamping: limit)) else { return }
        let oldest = idle.sorted { revisionNumber($0) < revisionNumber($1) }
        for set in oldest.prefix(idle.count - max(0, Int(clamping: limit))) { remove(Kind.replicaSets, set) }
    }

    // MARK: Status

    private mutating func writeStatus(_ deployment: JSONValue, _ current: JSONValue?, _ old: [JSONValue]) {
        let stored = ([current].compactMap { $0 } + old).compactMap { state.store.object(Kind.replicaSets, $0.key) }
        let new = current.flatMap { state.store.object(Kind.replicaSets, $0.key) }
        let desired = deployment.count("spec", "replicas")
        func sum(_ name: String) -> Int64 { stored.reduce(0) { $0 + $1.count("status", name) } }
        let (replicas, ready, available) = (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"))
        let updated = new?.count("status", "replicas") ?? 0
        let before = deployment["status"] ?? .null
        let strategy = deployment[path: "spec", "strategy"] ?? .null
        let unavailable = resolved(strategy[path: "rollingUpdate", "maxUnavailable"], of: desired, roundsUp: false)
        let isComplete = updated == desired && replicas == desired && available == desired && new != nil
        let progressed =
            updated > before.count("updatedReplicas") || ready > before.count("readyReplicas")
            || available > before.count("availableReplicas")
            || replicas - updated < before.count("replicas") - before.count("updatedReplicas")
            || deployment[path: "metadata", "generation"] != before["observedGeneration"]
        // Not this value: a copy of the state would make every write copy all of it.
        let conditions = ConditionWriter(now: now)
        update(Kind.deployments, deployment, status: true) { deployment in
            let generation = deployment[path: "metadata", "generation"]
            let limit = deployment[path: "spec", "progressDeadlineSeconds"]?.integer ?? 600
            deployment.edit("status") { status in
                status["observedGeneration"] = generation
                for (name, number) in [
                    ("replicas", replicas), ("updatedReplicas", updated), ("readyReplicas", ready),
                    ("availableReplicas", available), ("unavailableReplicas", max(0, desired - available)),
                ] { status[name] = number == 0 ? nil : .integer(number) }
                let isAvailable = available >= desired - unavailable
                conditions.set(
                    &status,
                    "Available",
                    isAvailable,
                    isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                    isAvailable
                        ? "Deployment has minimum availability." : "Deployment does not have minimum availability.",
                    touches: false
                )
                let name = new?.name ?? ""
                let last = ConditionWriter.condition(status, "Progressing")
                let isLate =
                    conditions.now.elapsed(since: last?["lastUpdateTime"]?.string)
                    > .seconds(min(max(limit, 0), 1 << 31))
                if isComplete {
                    conditions.set(
                        &status,
                        "Progressing",
                        true,
                        "NewReplicaSetAvailable",
                        "ReplicaSet \"\(name)\" has successfully progressed.",
                        touches: progressed
                    )
                } else if last == nil || progressed || last?["reason"] == "NewReplicaSetAvailable" {
                    conditions.set(
                        &status,
                        "Progressing",
                        true,
                        "ReplicaSetUpdated",
                        "ReplicaSet \"\(name)\" is progressing.",
                        touches: true
                    )
                } else if isLate {
                    conditions.set(
                        &status,
                        "Progressing",
                        false,
                        "ProgressDeadlineExceeded",
                        "ReplicaSet \"\(name)\" has timed out progressing.",
                        touches: false
                    )
                }
            }
        }
    }
}

/// Writes the conditions of a Deployment's status.
private struct ConditionWriter {
    let now: Timestamp

    static func condition(_ status: JSONValue, _ type: String) -> JSONValue? {
        (status["conditions"]?.array ?? []).first { $0["type"]?.string == type }
    }

    func set(
        _ status: inout JSONValue,
        _ type: String,
        _ holds: Bool,
        _ reason: String,
        _ message: String,
        touches: Bool
    ) {
        let time = JSONValue.string(now.rfc3339)
        let value: JSONValue = holds ? "True" : "False"
        let before = Self.condition(status, type)
        let isSame = before?["status"] == value && before?["reason"]?.string == reason
        let condition: JSONValue = [
            "type": .string(type), "status": value, "reason": .string(reason), "message": .string(message),
            "lastTransitionTime": before?["status"] == value ? before?["lastTransitionTime"] ?? time : time,
            "lastUpdateTime": isSame && !touches ? before?["lastUpdateTime"] ?? time : time,
        ]
        let others = (status["conditions"]?.array ?? []).filter { $0["type"]?.string != type }
        status["conditions"] = .array(
            (others + [condition]).sorted { ($0["type"]?.string ?? "") < ($1["type"]?.string ?? "") }
        )
    }
}
