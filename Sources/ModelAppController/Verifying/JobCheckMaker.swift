import Artifacts
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning

/// Runs the job template of a CronJob against a candidate, and waits for its end.
///
/// The Job is named after the operation: a process that comes after this one finds it and waits for the same one.
struct JobCheckMaker: Sendable {
    let client: Client
    let time: TimeSource
    /// How much of a failed job's log is kept.
    private static let logLines = 20
    /// After its end a Job stays for people to look at.
    private static let secondsKept: Int64 = 3600

    /// What became of the Job.
    func verdict(_ check: JobCheck, _ operation: CheckOperation) async -> CheckVerdict {
        let key = ObjectKey(namespace: operation.app.namespace, name: Self.name(operation))
        let deadline = time.now.advanced(by: operation.timeout + .seconds(60))
        do throws(KubernetesError) {
            var job = try await client.get(Job.self, key)
            if job == nil {
                let template = ObjectKey(namespace: key.namespace, name: check.cronJobRef.name)
                guard let spec = try await client.getJSON(Job.cronJobs, template)?["spec"]?["jobTemplate"] else {
                    let message = "job.cronJobRef: there is no CronJob \(template.name) in namespace \(key.namespace)"
                    return .blocked(reason: "JobTemplateNotFound", message: message)
                }
                try await client.apply(
                    ApplyStep(Job.resource, key, Self.body(spec, operation)),
                    fieldManager: ModelAppReconciler.fieldManager
                )
                job = try await client.get(Job.self, key)
            }
            while let present = job {
                guard present.metadata.controller?.uid == operation.uid else {
                    return .blocked(reason: "NameTaken", message: "job: Job \(key.name) exists and is somebody else's")
                }
                if let verdict = await ended(present, key) { return verdict }
                guard time.now < deadline else {
                    return .failed(
                        message: "Job \(key.name) did not end within \(operation.timeout.goText)",
                        detail: nil
                    )
                }
                job = try await next(after: present, key)
            }
            return .blocked(reason: "JobGone", message: "job: Job \(key.name) was deleted; it is made again")
        } catch {
            let failure = ResolutionFailure(check: error, "Job", "job.cronJobRef: \(check.cronJobRef.name)")
            return .blocked(reason: failure.reason, message: failure.message)
        }
    }

    private func ended(_ job: Job, _ key: ObjectKey) async -> CheckVerdict? {
        for condition in job.status["conditions"]?.array ?? [] where condition["status"] == "True" {
            if condition["type"] == "Complete" { return .passed }
            guard condition["type"] == "Failed" else { continue }
            let reason = condition["reason"]?.string ?? "Failed"
            return .failed(message: "Job \(key.name): \(reason.clipped)", detail: await logTail(key))
        }
        return nil
    }

    /// The next state of the Job; nil where it is gone. A watch that ends without news shows the present one.
    private func next(after job: Job, _ key: ObjectKey) async throws(KubernetesError) -> Job? {
        let options = WatchOptions(
            fieldSelector: "metadata.name=\(key.name)",
            resourceVersion: job.metadata.resourceVersion,
            timeoutSeconds: 60
        )
        let began = time.now
        do {
            let changed = try await client.withWatch(Job.self, in: .only(key.namespace), options) { events -> Job? in
                for try await event in events {
                    if case .modified(let object) = event, object.key == key { return object }
                    if case .deleted(let object) = event, object.key == key { return nil }
                }
                return nil
            }
            if let changed { return changed }
        } catch let error as KubernetesError where error.isForbidden || error.code == .cancelled {
            throw error
        } catch {
            if Task.isCancelled { throw KubernetesError(.cancelled, "cancelled") }
        }
        // A watch that does not last must not become a loop.
        if time.now - began < .seconds(5) {
            do { try await time.sleep(for: .seconds(5)) } catch { throw KubernetesError(.cancelled, "cancelled") }
        }
        return try await client.get(Job.self, key)
    }

    private func logTail(_ key: ObjectKey) async -> String? {
        let options = ListOptions(labelSelector: "job-name=\(key.name)", limit: 20)
        guard let pods = try? await client.list(Pod.self, in: .only(key.namespace), options).items,
            let last = pods.max(by: {
                ($0.metadata.creationTimestamp ?? "", $0.metadata.name)
                    < ($1.metadata.creationTimestamp ?? "", $1.metadata.name)
            }),
            let log = try? await client.getRaw(
                Pod.resource.path(last.key, subresource: "log"),
                query: [("tailLines", String(Self.logLines)), ("limitBytes", "65536")]
            )
        else { return nil }
        return String(decoding: log.suffix(2048), as: UTF8.self)
    }

    private static func name(_ operation: CheckOperation) -> String {
        "\(operation.app.name)-v-\(operation.id.prefix(10))"
    }

    /// The Job: the CronJob's template, owned by the ModelApp, with the facts in every container's environment.
    static func body(_ template: JSONValue, _ operation: CheckOperation) -> JSONValue {
        var spec = template["spec"] ?? .object([:])
        var pod = spec["template"] ?? .object([:])
        var podSpec = pod["spec"] ?? .object([:])
        let address = HTTPURL(
            scheme: "http",
            host: operation.pod.address,
            port: operation.facts["port"].flatMap(Int.init)
        ).origin
        var facts = operation.facts
        facts["port"] = nil
        facts["MODELAPP_CANDIDATE_URL"] = address
        for list in ["initContainers", "containers"] {
            guard let containers = podSpec[list]?.array else { continue }
            podSpec[list] = .array(containers.map { withEnvironment($0, facts) })
        }
        pod["spec"] = podSpec
        spec["template"] = pod
        spec["activeDeadlineSeconds"] = .integer(max(operation.timeout.components.seconds, 1))
        if spec["ttlSecondsAfterFinished"] == nil { spec["ttlSecondsAfterFinished"] = .integer(secondsKept) }
        let owner = OwnerReference(controller: ModelApp.resource, name: operation.app.name, uid: operation.uid).json
        return [
            "metadata": [
                "labels": [Keys.name: .string(operation.app.name), Keys.release: .string(operation.release)],
                "ownerReferences": [owner],
            ],
            "spec": spec,
        ]
    }

    private static func withEnvironment(_ container: JSONValue, _ facts: [String: String]) -> JSONValue {
        var container = container
        let others = (container["env"]?.array ?? []).filter { facts[$0["name"]?.string ?? ""] == nil }
        let own = facts.sorted { $0.key < $1.key }.map { name, value -> JSONValue in
            ["name": .string(name), "value": .string(value)]
        }
        container["env"] = .array(others + own)
        return container
    }
}
