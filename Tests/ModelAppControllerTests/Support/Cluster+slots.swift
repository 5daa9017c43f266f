import DevCluster
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

/// What tests look at of releases that change slots.
extension Cluster {
    /// The slot that the Service selects; nil where it selects both or nothing.
    func slot(_ name: String = "app") -> String? {
        api.object(Service.resource, Self.key(name))?["spec"]?["selector"]?[Keys.slot]?.string
    }

    /// The pods that get traffic.
    func served(_ name: String = "app") -> [JSONValue] {
        let selector = api.object(Service.resource, Self.key(name))?["spec"]?["selector"]?.object ?? [:]
        guard !selector.isEmpty else { return [] }
        return api.objects(Pod.resource).filter { pod in
            pod["metadata"]?["deletionTimestamp"] == nil
                && selector.allSatisfy { pod["metadata"]?["labels"]?[$0.key] == $0.value }
        }
    }

    /// The releases of pods that get traffic although their release neither ran before nor passed its checks; empty if all is
    /// well.
    func unverifiedTraffic(_ name: String = "app") -> [String] {
        // What passed before traffic is looked at stays so; the other way round a change in between could be missed.
        let pods = served(name)
        let verified = releases(of: name).filter { stored in
            let record = stored.verification
            return stored.convergedAt != nil || record?.phase == .passed || record?.phase == .released
                || (record?.step ?? 0) > 0 || record?.phase == .failed
        }
        return pods.compactMap { $0["metadata"]?["labels"]?[Keys.release]?.string }
            .filter { id in !verified.contains { $0.release.id == id } }
    }

    /// Waits as `eventually` does, and makes sure all the time that only verified pods get traffic and some do.
    func eventuallyServed(_ what: String, within limit: Duration = .seconds(20), _ holds: () -> Bool) async throws {
        var wrong: Set<String> = []
        var isEverUnserved = false
        try await eventually(what, within: limit) {
            wrong.formUnion(unverifiedTraffic())
            isEverUnserved = isEverUnserved || served().isEmpty
            return holds()
        }
        #expect(wrong == [], "a Service selects pods that did not pass")
        #expect(!isEverUnserved, "somebody is behind the Service all the time")
    }

    /// One app that runs code 1 with model 1.0.0 in the first slot, and an operator.
    static func withSlots(
        _ strategy: JSONValue,
        checks: JSONValue = [],
        factor: Int = 20,
        attempts: Int64 = 1,
        replicas: Int64 = 2,
        simulation: SimulationOptions = SimulationOptions(),
        _ body: (Cluster, CandidateApp) async throws -> Void
    ) async throws {
        try await with(factor: factor, simulation: simulation) { cluster in
            let app = CandidateApp()
            cluster.network.connectPods(to: app)
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            let rollout: JSONValue = ["strategy": strategy, "verify": checks, "attempts": .integer(attempts)]
            try await cluster.create(replicas: replicas, rollout: rollout)
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                try await body(cluster, app)
            }
        }
    }

    func object(_ name: String) -> JSONValue? { api.object(Deployment.resource, Self.key(name)) }

    /// Sets an annotation on the ModelApp, as `kubectl annotate` does.
    func annotate(_ key: String, _ value: String?) async throws {
        let annotation: JSONValue = ["metadata": ["annotations": [key: value.map { .string($0) } ?? .null]]]
        try await client.patch(
            ModelApp.resource,
            Self.key(),
            annotation,
            fieldManager: FieldManager("kubectl-annotate")
        )
    }
}
