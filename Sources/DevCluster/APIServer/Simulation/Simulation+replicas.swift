import Artifacts
import JSON

/// Replica sets and jobs: controllers that make pods.
extension Simulation {
    mutating func stepReplicaSets() {
        let pods = controlled(Kind.pods)
        for set in objects(Kind.replicaSets) {
            let own = pods[set.uid] ?? []
            // Pods that were just made count at once: the original waits for its cache, which here there is none.
            let made = set.isTerminating ? 0 : match(set, own.filter { !$0.isTerminating })
            let alive = own.compactMap { state.store.object(Kind.pods, $0.key) }.filter { !$0.isTerminating }
            let replicas = alive.count + made
            let ready = alive.filter { Simulation.isReady($0) }
            let wait = Duration.seconds(set.count("spec", "minReadySeconds"))
            let available = ready.filter { elapsed(since: readySince($0)) >= wait }
            update(Kind.replicaSets, set, status: true) { set in
                let generation = set[path: "metadata", "generation"]
                set.edit("status") { status in
                    status["observedGeneration"] = generation
                    status["replicas"] = .integer(Int64(replicas))
                    status["fullyLabeledReplicas"] = .integer(Int64(replicas))
                    status["readyReplicas"] = .integer(Int64(ready.count))
                    status["availableReplicas"] = .integer(Int64(available.count))
                }
            }
        }
    }

    private func readySince(_ pod: JSONValue) -> String? {
        (pod[path: "status", "conditions"]?.array ?? []).first { $0["type"] == "Ready" }?["lastTransitionTime"]?.string
    }

    /// Returns how many pods were made.
    private mutating func match(_ set: JSONValue, _ pods: [JSONValue]) -> Int {
        // More than this is a mistake in a manifest, not a workload.
        let desired = Int(clamping: min(set.count("spec", "replicas"), 1000))
        if pods.count < desired {
            let before = state.store.count(Kind.pods)
            for _ in pods.count..<desired { makePod(set, "apps/v1", "ReplicaSet") }
            return state.store.count(Kind.pods) - before
        } else if pods.count > desired {
            // Those that are not ready go first, then the youngest.
            let order = pods.sorted { left, right in
                let (first, second) = (Simulation.isReady(left), Simulation.isReady(right))
                if first != second { return !first }
                let times = [left, right].map { $0[path: "metadata", "creationTimestamp"]?.string ?? "" }
                return times[0] == times[1] ? left.name > right.name : times[0] > times[1]
            }
            for pod in order.prefix(pods.count - desired) { delete(Kind.pods, pod) }
        }
        return 0
    }

    private mutating func makePod(_ owner: JSONValue, _ apiVersion: String, _ kind: String) {
        let template = owner[path: "spec", "template"] ?? .null
        var metadata: JSONValue = [
            "name": .string("\(owner.name)-\(state.allocations.suffix())"), "namespace": .string(owner.namespace),
            "ownerReferences": [owner.asOwner(apiVersion, kind)],
        ]
        metadata["labels"] = template[path: "metadata", "labels"]
        metadata["annotations"] = template[path: "metadata", "annotations"]
        create(
            Kind.pods,
            ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"] ?? .object([:])]
        )
    }

    // MARK: Jobs

    mutating func stepJobs() {
        let pods = controlled(Kind.pods)
        for job in objects(Kind.jobs) where !job.isTerminating {
            let finished = (job[path: "status", "conditions"]?.array ?? []).contains {
                ($0["type"] == "Complete" || $0["type"] == "Failed") && $0["status"] == "True"
            }
            guard !finished, job[path: "spec", "suspend"] != true else { continue }
            let own = pods[job.uid] ?? []
            func count(_ phase: JSONValue) -> Int64 { Int64(own.filter { $0[path: "status", "phase"] == phase }.count) }
            let (succeeded, failed) = (count("Succeeded"), count("Failed"))
            let active = Int64(own.count) - succeeded - failed
            let wanted = max(1, job.count("spec", "completions"))
            let limit = job.count("spec", "backoffLimit")
            let isFailed = failed > limit
            if succeeded < wanted, !isFailed, active == 0 { makePod(job, "batch/v1", "Job") }
            let time = JSONValue.string(now.rfc3339)
            update(Kind.jobs, job, status: true) { job in
                job.edit("status") { status in
                    status.setDefault("startTime", time)
                    status["active"] = .integer(succeeded < wanted && !isFailed ? max(1, active) : 0)
                    status["succeeded"] = .integer(succeeded)
                    status["failed"] = .integer(failed)
                    guard succeeded >= wanted || isFailed else { return }
                    if !isFailed { status["completionTime"] = time }
                    status["conditions"] = [
                        [
                            "type": isFailed ? "Failed" : "Complete", "status": "True", "lastProbeTime": time,
                            "lastTransitionTime": time, "reason": isFailed ? "BackoffLimitExceeded" : "Completed",
                            "message": isFailed ? "Job has reached the specified backoff limit" : "Job completed",
                        ]
                    ]
                }
            }
        }
    }
}
