import Artifacts
import Foundation
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient

/// What the kubelets of a cluster without nodes would do: every pod is ready soon after it is made.
struct ReadyPods: Sendable {
    let client: Client
    /// Pods of namespaces with another beginning are left alone.
    let namespaces: String

    /// Works until cancelled.
    func run() async throws {
        while true {
            do {
                let pending = try await client.list(
                    Pod.self,
                    in: .all,
                    ListOptions(fieldSelector: "status.phase=Pending")
                )
                for pod in pending.items where pod.key.namespace.hasPrefix(namespaces) { try await start(pod.key) }
            } catch let error as KubernetesError where !Task.isCancelled && error.code != .cancelled {
                // The server is away, or the pod is gone: the next round sees what is there then.
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func start(_ key: ObjectKey) async throws {
        let now = TimeSource.system.date().rfc3339
        let conditions: [JSONValue] = ["Initialized", "ContainersReady", "Ready", "PodScheduled"].map {
            ["type": .string($0), "status": "True", "lastTransitionTime": .string(now)]
        }
        let status: JSONValue = ["phase": "Running", "startTime": .string(now), "conditions": .array(conditions)]
        try await client.patch(
            Pod.resource,
            key,
            ["status": status],
            fieldManager: FieldManager("kubelet"),
            subresource: "status"
        )
    }
}
