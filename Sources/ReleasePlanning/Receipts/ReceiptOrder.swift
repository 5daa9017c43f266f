public import Artifacts
public import JSON
import KubernetesAPI
import ModelAppAPI

/// What is to be written down of a release that converged, beside the image that it runs.
///
/// Made from what is frozen with the release: the same in every pass, whoever makes it.
public struct ReceiptOrder: Sendable, Hashable {
    /// The release.
    public var release: String
    /// The repository of its image.
    public var repository: String
    /// The image that it runs.
    public var image: Digest
    /// When it converged, RFC 3339.
    public var convergedAt: String
    /// The statement (in-toto attestation framework, Statement v1).
    public var statement: JSONValue

    /// What kind of statement it is.
    public static let predicateType = "https://modelapp.dev/receipt/v1"

    /// The tag that keeps the receipt while its release is in the history.
    public var tag: String { Self.tag(of: release) }

    /// The tag that keeps the receipt of a release.
    public static func tag(of release: String) -> String { "c-" + release }
}

extension Planner {
    /// The receipt of the last release that converged; nil where it is of no image of ours.
    var receipt: ReceiptOrder? {
        guard let stored = observation.lastConverged, stored.release.mode == .baked,
            let convergedAt = stored.convergedAt, let baked = app.spec.delivery.baked,
            let image = try? ImageReference(stored.release.image), let digest = image.digest,
            let repository = try? ImageReference(baked.repository), repository.name == image.name
        else { return nil }
        let release = stored.release
        var predicate: JSONValue = [
            "modelApp": [
                "namespace": .string(app.metadata.namespace), "name": .string(app.metadata.name),
                "uid": .string(app.metadata.uid),
            ],
            "release": .string(release.id), "cause": .string(release.cause),
            "code": [
                "repository": .string(release.repository), "tag": .string(release.code.tag),
                "digest": .string(release.code.digest),
            ],
            "model": [
                "source": .string(release.modelURI), "version": .string(release.model.version),
                "digest": .string(release.model.digest), "identity": .string(release.model.identity ?? ""),
            ],
            "checks": .array((stored.verification?.results ?? []).map(Self.document)),
            "startedAt": .string(stored.startedAt), "convergedAt": .string(convergedAt),
        ]
        if let approver = stored.approvedBy { predicate["approvedBy"] = .string(approver) }
        return ReceiptOrder(
            release: release.id,
            repository: image.name,
            image: digest,
            convergedAt: convergedAt,
            statement: [
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [
                    ["name": .string(image.name), "digest": [digest.algorithm.rawValue: .string(digest.hex)]]
                ],
                "predicateType": .string(ReceiptOrder.predicateType), "predicate": predicate,
            ]
        )
    }

    private static func document(_ check: CheckResult) -> JSONValue {
        var document: JSONValue = ["name": .string(check.name), "result": .string(check.result.rawValue)]
        if let at = check.at { document["at"] = .string(at) }
        return document
    }
}
