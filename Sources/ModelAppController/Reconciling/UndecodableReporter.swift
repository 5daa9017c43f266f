import Artifacts
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import Logging
import ModelAppAPI
import ServiceLifecycle

/// Says in the status of a ModelApp that it could not be read, where its schema let something pass.
///
/// The other ModelApps are unaffected, and the running release stays. It writes, so it runs where the controller runs.
final class UndecodableReporter: ServiceLifecycle.Service {
    private let client: Client
    private let time: TimeSource
    private let reporter: StatusReporter
    private let logger: Logger
    private let stream: AsyncStream<UndecodableObject>
    private let feed: AsyncStream<UndecodableObject>.Continuation

    init(client: Client, time: TimeSource, reporter: StatusReporter, logger: Logger) {
        self.client = client
        self.time = time
        self.reporter = reporter
        self.logger = logger
        // A report that is dropped here comes again with the next event or list of its object.
        (stream, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1000))
    }

    /// Takes note of an object; never waits.
    func report(_ object: UndecodableObject) { feed.yield(object) }

    /// Writes statuses until shut down.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await object in self.stream { await self.write(object) }
        }
    }

    private func write(_ object: UndecodableObject) async {
        let key = ObjectKey(namespace: object.metadata.namespace, name: object.metadata.name)
        guard !key.name.isEmpty else { return }
        let message = String("the object cannot be read: \(object.reason)".prefix(1024))
        logger.warning("undecodable", metadata: ["object": "ModelApp \(key)", "reason": "\(object.reason)"])
        do throws(KubernetesError) {
            let live = try await client.getJSON(ModelApp.resource, key)
            guard let live, let version = live["metadata"]?["resourceVersion"]?.string else { return }
            // Who waits for its turn to lead has old reports too. A later state has a report of its own, if it needs one.
            guard version == object.metadata.resourceVersion else { return }
            let before = live["status"]?["conditions"]?.array ?? []
            if before.contains(where: { $0["type"] == "Stalled" && $0["message"]?.string == message }) { return }
            let generation = live["metadata"]?["generation"]?.integer ?? 0
            let conditions = [("Ready", false), ("Stalled", true)].map { type, value in
                var condition = Condition(type, value, reason: "InvalidSpec", message: message)
                condition.observedGeneration = generation
                condition.lastTransitionTime = time.date().rfc3339
                return condition.json
            }
            let status: JSONValue = ["observedGeneration": .integer(generation), "conditions": .array(conditions)]
            let step = ApplyStep(
                ModelApp.resource,
                key,
                ["status": status],
                resourceVersion: version,
                subresource: "status"
            )
            try await client.apply(step, fieldManager: ModelAppReconciler.fieldManager)
            let reference = ObjectReference(ModelApp.resource, key, uid: live["metadata"]?["uid"]?.string ?? "")
            reporter.reportUndecodable(reference, note: message)
        } catch {
            logger.warning("status not written", metadata: ["object": "ModelApp \(key)", "error": "\(error.message)"])
        }
    }
}
