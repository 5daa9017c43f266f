import JSON
import KubernetesAPI
import ModelAppAPI

/// The bodies of the objects that a ModelApp owns: all fields that it manages, every time.
struct OwnedObjects {
    /// The ModelApp.
    let app: ModelApp
    /// The labels of the pods.
    let selector: [String: String]

    /// The objects of `app`.
    /// - Parameter selector: the labels of the pods, where they are not the ones that the operator gives.
    init(app: ModelApp, selector: [String: String]? = nil) {
        self.app = app
        self.selector = selector ?? TemplateRenderer.selector(of: app)
    }

    /// The key that Service and ModelApp share, and the Deployment of the first slot.
    var key: ObjectKey { app.key }

    /// The Deployment that carries `release` in a slot.
    /// - Parameters:
    ///   - attempt: the number of the try, by which each has pods of its own; nil for the first.
    ///   - isInPlace: whether pods are replaced one by one, without a surge.
    func deployment(
        _ release: Release,
        in slot: Slot = .a,
        attempt: String? = nil,
        isInPlace: Bool = false
    ) -> JSONValue {
        let own = app.spec.target.own ?? OwnedTarget()
        var spec: [String: JSONValue] = [
            "selector": ["matchLabels": TemplateRenderer.selector(of: app, in: slot).json],
            "template": release.template(in: slot.rawValue, attempt: attempt),
        ]
        if let seconds = own.minReadySeconds { spec["minReadySeconds"] = .integer(seconds) }
        let deadline = app.spec.rollout.progressDeadline.duration.components.seconds
        // A Deployment wants the deadline above minReadySeconds; its own default is ten minutes.
        spec["progressDeadlineSeconds"] = .integer(max(deadline, (own.minReadySeconds ?? 0) + 1))
        if app.spec.rollout.strategy.type == .recreate {
            spec["strategy"] = ["type": "Recreate"]
        } else if isInPlace {
            spec["strategy"] = ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 0, "maxUnavailable": 1]]
        } else if own.maxSurge != nil || own.maxUnavailable != nil {
            var rolling: [String: JSONValue] = [:]
            rolling["maxSurge"] = own.maxSurge?.json
            rolling["maxUnavailable"] = own.maxUnavailable?.json
            spec["strategy"] = ["type": "RollingUpdate", "rollingUpdate": .object(rolling)]
        }
        // The label tells what we applied last: `kubectl rollout undo` brings back annotations, and leaves labels alone.
        var annotations = annotations(release)
        if isInPlace { annotations[Keys.noSurge] = release.id }
        return body(["spec": .object(spec)], annotations: annotations, labels: [Keys.release: release.id])
    }

    /// What a Deployment says of the release that it carries.
    func annotations(_ release: Release) -> [String: String] {
        [Keys.release: release.id, Keys.codeTag: release.code.tag, Keys.modelVersion: release.model.version]
    }

    /// The Service in front of the pods.
    func service(_ spec: ServiceSpec) -> JSONValue {
        var annotations = spec.annotations
        if let label = spec.dns?.azureLabel {
            annotations["service.beta.kubernetes.io/azure-dns-label-name"] = label
        }
        if let hostname = spec.dns?.hostname {
            annotations["external-dns.alpha.kubernetes.io/hostname"] = hostname
        }
        let ports = spec.ports.map { port in
            var json: [String: JSONValue] = [
                "port": .integer(port.port), "protocol": "TCP",
                "targetPort": (port.targetPort ?? .int(port.port)).json,
            ]
            json["name"] = port.name.map { .string($0) }
            return JSONValue.object(json)
        }
        return body(
            [
                "spec": [
                    "type": .string(spec.type.rawValue), "selector": selector.json,
                    "ports": .array(ports),
                ]
            ],
            annotations: annotations
        )
    }

    /// How many pods are wanted, with the annotation that says that this was done: in one apply, so that a crash between
    /// two requests cannot lose it.
    func replicas(_ count: Int64, in slot: Slot = .a) -> ApplyStep {
        ApplyStep(
            Deployment.resource,
            slot.key(of: key),
            [
                "metadata": ["annotations": [Keys.replicas: .string(String(count))]],
                "spec": ["replicas": .integer(count)],
            ]
        )
    }

    /// What is said of a release besides its content. A server-side apply names all of it every time.
    struct RevisionState {
        var number: Int64
        var startedAt: String
        var convergedAt: String?
        var failure: ReleaseFailure?
        var forgiven: String?
        /// What led to the last start, where it is not what led to the first.
        var cause: String?
        /// That it was put back by hand.
        var hold: ManualHold?
        /// Who approved it.
        var approvedBy: String?
        /// How far its verification has come.
        var verification: VerificationRecord?
        /// Which try it is.
        var attempt: Int64 = 1

        /// What is said of a release that is brought into place now.
        init(number: Int64, startedAt: String, hold: ManualHold? = nil) {
            (self.number, self.startedAt, self.hold) = (number, startedAt, hold)
        }

        /// All that is said of `stored`.
        init(of stored: StoredRelease) {
            (number, startedAt, convergedAt) = (stored.number, stored.startedAt, stored.convergedAt)
            (failure, forgiven, hold) = (stored.failure, stored.forgiven, stored.hold)
            cause = stored.cause == stored.release.cause ? nil : stored.cause
            (approvedBy, verification, attempt) = (stored.approvedBy, stored.verification, stored.attempt)
        }
    }

    /// The ControllerRevision of a release that is new.
    func revision(_ release: Release, _ state: RevisionState) -> ApplyStep {
        revision(release.id, release.json, state, onto: nil)
    }

    /// What is said of a release that is kept, written onto what was read of it: a view that lags behind is refused, so that
    /// nothing is noted twice.
    func revision(_ stored: StoredRelease, _ state: RevisionState) -> ApplyStep {
        revision(stored.release.id, stored.data, state, onto: stored.resourceVersion)
    }

    private func revision(
        _ id: String,
        _ data: JSONValue,
        _ state: RevisionState,
        onto resourceVersion: String?
    ) -> ApplyStep {
        var annotations: [String: JSONValue] = [StoredRelease.startedAnnotation: .string(state.startedAt)]
        annotations[StoredRelease.convergedAnnotation] = state.convergedAt.map { .string($0) }
        annotations[StoredRelease.failureAnnotation] = state.failure.map { .string($0.json.canonicalText) }
        annotations[StoredRelease.holdAnnotation] = state.hold.map { .string($0.json.canonicalText) }
        annotations[StoredRelease.forgivenAnnotation] = state.forgiven.map { .string($0) }
        annotations[StoredRelease.causeAnnotation] = state.cause.map { .string($0) }
        annotations[StoredRelease.approverAnnotation] = state.approvedBy.map { .string($0) }
        annotations[StoredRelease.verificationAnnotation] = state.verification.map {
            .string(String(decoding: $0.json.canonicalBytes, as: UTF8.self))
        }
        if state.attempt > 1 { annotations[Keys.attempt] = .string(String(state.attempt)) }
        let metadata: JSONValue = [
            "annotations": .object(annotations),
            "labels": [Keys.name: .string(app.metadata.name), Keys.release: .string(id)],
            "ownerReferences": [owner],
        ]
        return ApplyStep(
            ControllerRevision.resource,
            ObjectKey(namespace: app.metadata.namespace, name: "\(app.metadata.name)-\(id)"),
            ["metadata": metadata, "data": data, "revision": .integer(state.number)],
            resourceVersion: resourceVersion
        )
    }

    private var owner: JSONValue {
        OwnerReference(controller: ModelApp.resource, name: app.metadata.name, uid: app.metadata.uid).json
    }

    /// Metadata and `members`, with the hash of both as an annotation: what "in step" starts from.
    func body(
        _ members: [String: JSONValue],
        annotations: [String: String],
        labels: [String: String] = [:]
    ) -> JSONValue {
        let common = [
            Keys.name: app.metadata.name, "app.kubernetes.io/name": app.metadata.name,
            "app.kubernetes.io/managed-by": "modelapp",
        ]
        var metadata: [String: JSONValue] = ["labels": common.merging(labels) { $1 }.json]
        var annotations = annotations
        if app.spec.deletionPolicy == .delete {
            metadata["ownerReferences"] = [owner]
        } else {
            // Without an owner reference the claim says whose object it is.
            annotations[Keys.claimedBy] = Claim(of: app).text
        }
        return hashed(members, metadata: metadata, annotations: annotations)
    }

    /// A body with the hash of itself as an annotation.
    func hashed(
        _ members: [String: JSONValue],
        metadata: [String: JSONValue],
        annotations: [String: String]
    ) -> JSONValue {
        var (metadata, annotations) = (metadata, annotations)
        metadata["annotations"] = annotations.json
        var body = members
        body["metadata"] = .object(metadata)
        annotations[Keys.applied] = JSONValue.object(body).sha256
        metadata["annotations"] = annotations.json
        body["metadata"] = .object(metadata)
        return .object(body)
    }

    /// Whether an object that has our name is ours.
    func owns(_ metadata: ObjectMeta) -> Bool {
        if let controller = metadata.controller { return controller.uid == app.metadata.uid }
        return metadata.annotations[Keys.claimedBy] == Claim(of: app).text
    }

    /// Whether `live` carries every field of `body`.
    func isInStep(_ body: JSONValue, _ live: JSONValue, _ metadata: ObjectMeta, _ policy: PlanPolicy) -> Bool {
        let hash = body["metadata"]?["annotations"]?[Keys.applied]?.string ?? ""
        guard metadata.annotations[Keys.applied] == hash else { return false }
        if FieldComparison.firstDifference(applied: body, live: live) == nil { return true }
        guard policy.settled.contains(where: { $0.uid == metadata.uid && $0.hash == hash }) else { return false }
        return policy.settled.contains(PlanPolicy.Settled(uid: metadata.uid, live: live, hash: hash))
    }
}
