import DevCluster
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

/// Bar: SIGKILL of the operator before and after every single write, and every write with its answer lost: the same end
/// state, for a ModelApp that begins, a new model and new code.
@Suite struct KillTests {
    /// What is going on while the operator dies.
    enum Story: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case begin, newModel, newCode, edit, adopt, blueGreen, canary
        var testDescription: String { rawValue }

        /// Code and model in the end.
        var end: (code: String, model: String) {
            switch self {
            case .begin, .adopt: ("1", "1.0.0")
            case .newModel: ("1", "2.0.0")
            case .newCode, .edit, .blueGreen, .canary: ("2", "1.0.0")
            }
        }

        /// The Deployment that carries the release.
        var deployment: String {
            switch self {
            case .adopt: "web"
            case .blueGreen, .canary: "app-b"
            case .begin, .newModel, .newCode, .edit: "app"
            }
        }

        private var rollout: JSONValue {
            switch self {
            case .blueGreen: ["strategy": ["type": "BlueGreen", "scaleDownDelay": "1s"]]
            case .canary:
                ["strategy": ["type": "Canary", "steps": [50], "pause": "2s", "scaleDownDelay": "1s"]]
            case .begin, .newModel, .newCode, .edit, .adopt: .object([:])
            }
        }

        /// Whether nothing is left of what ran before.
        func isCleared(_ cluster: Cluster) -> Bool {
            deployment != "app-b" || cluster.api.object(Deployment.resource, Cluster.key("app")) == nil
        }

        func prepare(_ cluster: Cluster) async throws {
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            if self == .begin { return try await cluster.create() }
            if self == .adopt {
                try await cluster.createForeign("web")
                return try await cluster.create(adopt: ["name": "web"])
            }
            try await cluster.create(rollout: rollout)
            try await cluster.withOperator { try await cluster.converges(code: "1", model: "1.0.0") }
            switch self {
            case .begin, .adopt: break
            case .newModel: try cluster.uploadVersion("2.0.0")
            case .newCode, .blueGreen, .canary: try await cluster.push("2")
            case .edit:
                // Everything at once: another template, another count, another port, and new code.
                try await cluster.push("2")
                let container: JSONValue = ["name": "api", "args": ["--verbose"]]
                let own: JSONValue = ["replicas": 3, "template": ["spec": ["containers": [container]]]]
                try await cluster.edit(spec: ["target": ["own": own, "service": ["ports": [["port": 90]]]]])
            }
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: Story.allCases)
    func theEndIsTheSameWhereverTheOperatorDies(_ story: Story) async throws {
        var expected: EndState?
        var writes = 0
        for moment in KillSwitch.Moment.allCases {
            var write = 0
            while true {
                write += 1
                let (end, isStruck) = try await Self.run(story, write: write, moment: moment)
                if let expected { #expect(end == expected, "\(story), \(moment) write \(write)") }
                expected = expected ?? end
                guard isStruck else { break }
                writes = max(writes, write)
                try #require(write < 40)
            }
        }
        // A story without writes would prove nothing.
        #expect(writes >= 4)
    }

    private static func run(
        _ story: Story,
        write: Int,
        moment: KillSwitch.Moment
    ) async throws -> (EndState, isStruck: Bool) {
        try await Cluster.with(factor: 40) { cluster in
            try await story.prepare(cluster)
            let transport = KillSwitch(InProcessTransport(to: cluster.api), write: write, moment: moment)
            let (code, model) = story.end
            try await cluster.withOperator(over: transport) {
                try await cluster.eventually("\(story) is over or struck at write \(write)") {
                    let isOver =
                        cluster.isSettled(on: story.deployment, code: code, model: model) && story.isCleared(cluster)
                    return isOver || (transport.isStruck && moment != .answerLost)
                }
            }
            try await cluster.withOperator {
                try await cluster.eventually("\(story) ends after \(moment) write \(write)") {
                    cluster.isSettled(on: story.deployment, code: code, model: model) && story.isCleared(cluster)
                }
                try await cluster.scans(2)
            }
            return (EndState(cluster, deployment: story.deployment), transport.isStruck)
        }
    }
}

/// Everything that users see in the end, without times and other names of the moment.
struct EndState: Equatable, CustomStringConvertible {
    let description: String

    init(_ cluster: Cluster, _ name: String = "app", deployment: String? = nil) {
        func part(_ resource: APIResource, _ name: String) -> String {
            guard let object = cluster.api.object(resource, Cluster.key(name)) else { return "\(resource.kind): none" }
            var annotations = object["metadata"]?["annotations"]?.object ?? [:]
            // A hash over the owner's uid.
            annotations[Keys.applied] = nil
            if annotations[Keys.claimedBy]?.string?.hasSuffix("/\(cluster.uid(of: "app"))") == true {
                annotations[Keys.claimedBy] = "its own"
            }
            var spec = object["spec"]
            // Given out by chance.
            spec?["clusterIP"] = nil
            spec?["clusterIPs"] = nil
            let parts: [JSONValue] = [
                spec ?? .null, object["metadata"]?["labels"] ?? .null, .object(annotations),
            ]
            return "\(resource.kind): \(JSONValue.array(parts).canonicalText)"
        }
        let releases = cluster.releases(of: name).map { stored in
            var data = stored.data
            // The moment of an upload, which each run makes anew.
            data["model"]?["modifiedAt"] = nil
            data["adopted"]?["uid"] = nil
            return "release \(stored.number) \(stored.name) \(stored.convergedAt != nil) \(data.canonicalText)"
        }
        let status = cluster.status(name)
        let history = (status?.history ?? []).map { "history \($0.id) \($0.code) \($0.model) \($0.cause) \($0.result)" }
        let conditions = (status?.conditions ?? []).map { "\($0.type) \($0.status) \($0.reason) \($0.message)" }
        let objects = [part(Deployment.resource, deployment ?? name), part(Service.resource, name)]
        let lines = objects + releases + history + conditions
        description = lines.joined(separator: "\n")
    }
}

extension Cluster {
    /// Whether the pair runs, the status says so, and every pod is of the generation that was asked for.
    func isSettled(
        _ name: String = "app",
        on deployment: String? = nil,
        code: String,
        model: String
    ) -> Bool {
        guard isConverged(name, on: deployment, code: code, model: model), let status = status(name) else {
            return false
        }
        let generation = api.object(ModelApp.resource, Self.key(name))?["metadata"]?["generation"]?.integer
        return status.observedGeneration == generation
            && status.release?.target?.id == status.release?.current?.id
            && status.release?.pods?.desired == status.release?.pods?.onTarget
    }
}
