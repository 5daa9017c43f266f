import Artifacts
import HTTPTransport
import HTTPTypes
import KubernetesClient
import KubernetesRuntime
import ModelAppController
import DevCluster
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Synchronization
import Testing

/// What tests look at; none of it is a request.
extension Cluster {
    /// What runs, as a client reads it off the Deployment.
    struct Live: Equatable {
        var image = ""
        var tag = ""
        var version = ""
        var revision = ""
        var uri = ""
        var release = ""
    }

    func live(_ name: String = "app") -> Live? {
        guard let deployment = api.object(Deployment.resource, Self.key(name)) else { return nil }
        let container = deployment["spec"]?["template"]?["spec"]?["containers"]?[0]
        func variable(_ name: String) -> String {
            container?["env"]?.array?.first { $0["name"]?.string == name }?["value"]?.string ?? ""
        }
        let annotations = deployment["metadata"]?["annotations"]
        return Live(
            image: container?["image"]?.string ?? "",
            tag: annotations?[Keys.codeTag]?.string ?? "",
            version: variable("MODEL_VERSION"),
            revision: variable("MODEL_REVISION"),
            uri: variable("MODEL_URI"),
            release: annotations?[Keys.release]?.string ?? ""
        )
    }

    func status(_ name: String = "app") -> ModelAppStatus? {
        api.object(ModelApp.resource, Self.key(name)).flatMap { try? ModelApp(parsing: $0.canonicalBytes).status }
    }

    func condition(_ type: String, of name: String = "app") -> Condition? { status(name)?.condition(type) }

    /// The releases that are kept, oldest first.
    func releases(of name: String = "app") -> [StoredRelease] {
        api.objects(ControllerRevision.resource)
            .compactMap { try? ControllerRevision(parsing: $0.canonicalBytes) }
            .filter { $0.metadata.controller?.name == name }
            .compactMap(StoredRelease.init)
            .sorted { $0.number < $1.number }
    }

    /// Whether everything runs the pair, and the status says so.
    func isConverged(_ name: String = "app", on deployment: String? = nil, code: String, model: String) -> Bool {
        guard let live = live(deployment ?? name), live.tag == code, live.version == model, let status = status(name)
        else {
            return false
        }
        return status.condition("Ready")?.isTrue == true && status.condition("Ready")?.reason == "Converged"
            && status.condition("Reconciling") == nil && status.release?.current?.id == live.release
            && status.history.first?.result == "Converged"
    }

    /// Whether a condition has this value and reason and its message all these parts.
    func says(
        _ type: String,
        _ status: Bool,
        _ reason: String,
        _ parts: [String] = [],
        of name: String = "app"
    ) -> Bool {
        guard let condition = condition(type, of: name), condition.isTrue == status, condition.reason == reason else {
            return false
        }
        return parts.allSatisfy { condition.message.contains($0) }
    }

    func converges(
        _ name: String = "app",
        on deployment: String? = nil,
        code: String,
        model: String
    ) async throws {
        try await eventually("\(name) runs code \(code) with model \(model)", about: name) {
            isConverged(name, on: deployment, code: code, model: model)
        }
    }

    /// Waits for what a running operator brings about; ten real seconds are far more than it ever needs.
    func eventually(
        _ what: String,
        about name: String = "app",
        within limit: Duration = .seconds(10),
        _ holds: () -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while !holds() {
            guard ContinuousClock.now < deadline else {
                throw NotReached(what: what, status: api.object(ModelApp.resource, Self.key(name))?["status"])
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Lets the operator look at both sources `times` times.
    func scans(_ times: Int) async throws {
        let (tags, objects) = (network.tagListings, network.objectListings)
        try await eventually("\(times) scans") {
            network.tagListings >= tags + times && network.objectListings >= objects + times
        }
    }

    /// Changes something at the sources right before the next look at the bucket, so that the operator never sees half of
    /// the change, and returns how many looks there were before.
    @discardableResult
    func betweenLooks(_ change: @escaping @Sendable (Cluster) throws -> Void) async throws -> Int {
        let outcome = Mutex<Result<Int, any Error>?>(nil)
        let (cluster, network) = (self, network)
        network.beforeEach { request in
            guard Network.isObjectListing(request) else { return }
            outcome.withLock { outcome in
                // The request that is about to be answered is counted already.
                outcome =
                    outcome
                    ?? Result { [looks = network.objectListings - 1] in
                        try change(cluster)
                        return looks
                    }
            }
        }
        try await eventually("a look at the bucket") { outcome.withLock { $0 } != nil }
        network.beforeEach(nil)
        return try #require(outcome.withLock { $0 }).get()
    }

    /// Waits until operators that have nothing to do write nothing while they look at the sources `times` times.
    ///
    /// What they still had to say, and an operator that lags behind another, take a few looks. Operators that fight, or one
    /// that says the same again and again, never come to rest.
    func rests(for times: Int = 4) async throws {
        for _ in 0..<10 {
            let version = api.resourceVersion
            try await scans(times)
            if api.resourceVersion == version { return }
        }
        throw NotReached(what: "\(times) scans without a write", status: nil)
    }

    /// Something that should have come about did not.
    struct NotReached: Error, CustomStringConvertible {
        let what: String
        let status: JSONValue?
        var description: String { "not within 10 s: \(what); status: \(status?.canonicalText ?? "none")" }
    }
}
