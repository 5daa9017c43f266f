import Artifacts
import JSON
import KubernetesAPI

/// The node: it binds pods to itself and tells how their containers are.
extension Simulation {
    mutating func stepNodes() {
        for (index, architecture) in options.nodeArchitectures.enumerated() {
            let name = "node-\(index + 1)"
            guard state.store.object(Kind.nodes, ObjectKey(name: name)) == nil else { continue }
            let node: JSONValue = [
                "apiVersion": "v1", "kind": "Node",
                "metadata": [
                    "name": .string(name),
                    "labels": [
                        "kubernetes.io/arch": .string(architecture), "kubernetes.io/os": "linux",
                        "kubernetes.io/hostname": .string(name),
                    ],
                ],
                "status": [
                    "conditions": [
                        [
                            "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "simulated",
                            "lastHeartbeatTime": .string(now.rfc3339), "lastTransitionTime": .string(now.rfc3339),
                        ]
                    ],
                    "nodeInfo": [
                        "architecture": .string(architecture), "operatingSystem": "linux",
                        "kubeletVersion": .string(state.profile.version.git),
                    ],
                ],
            ]
            create(Kind.nodes, node, manager: "kubelet")
        }
        for namespace in objects(Kind.namespaces) where !namespace.isTerminating {
            let key = ObjectKey(namespace: namespace.name, name: "default")
            guard state.store.object(Kind.accounts, key) == nil else { continue }
            create(
                Kind.accounts,
                [
                    "apiVersion": "v1", "kind": "ServiceAccount",
                    "metadata": ["name": "default", "namespace": .string(namespace.name)],
                ]
            )
        }
    }

    mutating func stepPods() {
        let pods = objects(Kind.pods)
        var room = (options.podCapacity ?? .max) - pods.count { $0[path: "spec", "nodeName"] != nil }
        for pod in pods {
            if pod.isTerminating {
                // The deletion time is when the grace period ends; the pod ends earlier if it is quicker than that.
                let grace = pod.count("metadata", "deletionGracePeriodSeconds")
                let left = elapsed(since: pod[path: "metadata", "deletionTimestamp"]?.string) + .seconds(grace)
                let hasFinalizers = !(pod[path: "metadata", "finalizers"] ?? .null).isEmpty
                if left >= min(options.podStop, .seconds(grace)), !hasFinalizers { remove(Kind.pods, pod) }
                continue
            }
            if pod[path: "spec", "nodeName"] == nil {
                guard let node = options.nodeArchitectures.isEmpty ? nil : "node-1" as JSONValue else { continue }
                guard room > 0 else {
                    markUnschedulable(pod)
                    continue
                }
                room -= 1
                update(Kind.pods, pod, manager: "kube-scheduler") { $0.edit("spec") { $0["nodeName"] = node } }
            }
            let phase = pod[path: "status", "phase"]
            guard phase != "Succeeded", phase != "Failed" else { continue }
            run(pod)
        }
    }

    /// What the scheduler says of a pod that no node takes.
    private mutating func markUnschedulable(_ pod: JSONValue) {
        let time = JSONValue.string(now.rfc3339)
        update(Kind.pods, pod, status: true, manager: "kube-scheduler") { pod in
            pod.edit("status") { status in
                let before = status["conditions"]?.array ?? []
                guard !before.contains(where: { $0["type"] == "PodScheduled" }) else { return }
                let condition: JSONValue = [
                    "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastProbeTime": .null,
                    "lastTransitionTime": time, "message": "0/1 nodes are available: 1 Too many pods.",
                ]
                status["conditions"] = .array(before + [condition])
            }
        }
    }

    private enum Fate {
        case starting
        case running
        case succeeded
        case failed
        case crashing
        case missing
    }

    private func fate(of pod: JSONValue) -> Fate {
        let containers =
            (pod[path: "spec", "initContainers"]?.array ?? []) + (pod[path: "spec", "containers"]?.array ?? [])
        let images = containers.compactMap { $0["image"]?.string }
        func isAny(_ texts: [String]) -> Bool {
            images.contains { image in texts.contains { image.contains(text: $0) } }
        }
        let age = elapsed(since: pod[path: "metadata", "creationTimestamp"]?.string)
        guard age >= options.podStart else { return .starting }
        if isAny(options.missingImages) { return .missing }
        let restarts = pod[path: "spec", "restartPolicy"]?.string ?? "Always"
        if isAny(options.crashingImages) { return restarts == "Never" || restarts == "OnFailure" ? .failed : .crashing }
        if restarts != "Always", age >= options.podStart + options.jobRun { return .succeeded }
        return .running
    }

    /// How often a container that ends at once was started again: the kubelet waits 10 s, then twice as long each time, at
    /// most five minutes.
    private func restarts(of pod: JSONValue) -> Int64 {
        var rest = elapsed(since: pod[path: "metadata", "creationTimestamp"]?.string) - options.podStart
        var pause = Duration.seconds(10)
        var count: Int64 = 0
        while rest >= pause {
            rest -= pause
            pause = min(pause * 2, .seconds(300))
            count += 1
        }
        return count
    }

    private mutating func run(_ pod: JSONValue) {
        let fate = fate(of: pod)
        let restarts = fate == .crashing ? restarts(of: pod) : 0
        let time = JSONValue.string(now.rfc3339)
        let address = options.podAddress ?? Simulation.address(of: pod.uid, in: "198.51.100.")
        update(Kind.pods, pod, status: true, manager: "kubelet") { pod in
            let containers = pod[path: "spec", "containers"]?.array ?? []
            pod.edit("status") { status in
                let phases: [JSONValue] = ["Pending", "Running", "Succeeded", "Failed", "Running", "Pending"]
                let index: Int
                switch fate {
                case .starting: index = 0
                case .running: index = 1
                case .succeeded: index = 2
                case .failed: index = 3
                case .crashing: index = 4
                case .missing: index = 5
                }
                status["phase"] = phases[index]
                status.setDefault("startTime", time)
                if fate != .starting, fate != .missing {
                    status["podIP"] = .string(address)
                    status["podIPs"] = [["ip": .string(address)]]
                    status["hostIP"] = "198.51.100.1"
                }
                let isReady = fate == .running
                for (type, holds) in [
                    ("PodScheduled", true), ("Initialized", fate != .starting && fate != .missing),
                    ("ContainersReady", isReady), ("Ready", isReady),
                ] { Simulation.setPodCondition(&status, type, holds, time) }
                let before = status["containerStatuses"]?.array ?? []
                status["containerStatuses"] = .array(
                    containers.enumerated().map { offset, container in
                        Simulation.containerStatus(
                            container,
                            fate,
                            restarts,
                            before.indices.contains(offset) ? before[offset] : nil,
                            time
                        )
                    }
                )
            }
        }
    }

    private static func setPodCondition(_ status: inout JSONValue, _ type: String, _ holds: Bool, _ time: JSONValue) {
        let value: JSONValue = holds ? "True" : "False"
        var conditions = status["conditions"]?.array ?? []
        let condition: JSONValue = [
            "type": .string(type), "status": value, "lastProbeTime": .null, "lastTransitionTime": time,
        ]
        if let index = conditions.firstIndex(where: { $0["type"]?.string == type }) {
            if conditions[index]["status"] != value { conditions[index] = condition }
        } else {
            conditions.append(condition)
        }
        status["conditions"] = .array(conditions)
    }

    private static func containerStatus(
        _ container: JSONValue,
        _ fate: Fate,
        _ restarts: Int64,
        _ before: JSONValue?,
        _ time: JSONValue
    ) -> JSONValue {
        let image = container["image"] ?? ""
        let state: JSONValue
        switch fate {
        case .starting: state = ["waiting": ["reason": "ContainerCreating"]]
        case .missing:
            state = [
                "waiting": [
                    "reason": "ImagePullBackOff",
                    "message": .string("Back-off pulling image \"\(image.string ?? "")\""),
                ]
            ]
        case .crashing:
            state = ["waiting": ["reason": "CrashLoopBackOff", "message": "back-off restarting failed container"]]
        case .running:
            state = before?[path: "state", "running"].map { ["running": $0] } ?? ["running": ["startedAt": time]]
        case .succeeded, .failed:
            let code: JSONValue = fate == .succeeded ? 0 : 1
            state = [
                "terminated": [
                    "exitCode": code, "reason": fate == .succeeded ? "Completed" : "Error", "finishedAt": time,
                    "startedAt": time,
                ]
            ]
        }
        var status: JSONValue = [
            "name": container["name"] ?? "", "image": image, "imageID": .string(imageID(image.string ?? "")),
            "ready": .bool(fate == .running), "started": .bool(fate == .running), "state": state,
            "lastState": .object([:]),
            "restartCount": .integer(restarts),
        ]
        if fate == .crashing {
            status["lastState"] =
                before?["lastState"]?.isEmpty == false
                ? before?["lastState"]
                : ["terminated": ["exitCode": 1, "reason": "Error", "finishedAt": time, "startedAt": time]]
        }
        if fate == .starting || fate == .missing { status["imageID"] = "" }
        return status
    }

    /// A node reports what it ran by digest; an image without one is reported as it is named.
    private static func imageID(_ image: String) -> String { image }

    /// An address that is always the same for one object.
    static func address(of uid: String, in network: String) -> String {
        let hash = uid.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return network + String(2 + (hash ^ (hash >> 16)) % 250)
    }
}

extension String {
    /// Whether `text`, which is not empty, stands anywhere in this one.
    func contains(text: String) -> Bool {
        guard !text.isEmpty else { return false }
        let (whole, part) = (Array(utf8), Array(text.utf8))
        guard part.count <= whole.count else { return false }
        return (0...whole.count - part.count).contains { whole[$0..<$0 + part.count].elementsEqual(part) }
    }
}
