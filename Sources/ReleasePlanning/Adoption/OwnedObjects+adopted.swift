import JSON
import KubernetesAPI
import ModelAppAPI

/// The bodies for a Deployment that is not the ModelApp's own: never an owner reference, and nothing beside what a release
/// sets.
extension OwnedObjects {
    /// What `release` sets on the adopted Deployment.
    func adopted(_ release: Release, takes: String?) -> JSONValue {
        var annotations = self.annotations(release)
        annotations[Keys.takes] = takes
        return hashed(["spec": ["template": release.template]], metadata: [:], annotations: annotations)
    }

    /// Label and claim, onto the state that was read: of two ModelApps one comes second and is refused.
    func claim(_ live: Deployment) -> ApplyStep {
        ApplyStep(
            Deployment.resource,
            live.key,
            [
                "metadata": [
                    "labels": [Keys.name: .string(app.metadata.name)],
                    "annotations": [Keys.claimedBy: .string(Claim(of: app).text)],
                ]
            ],
            resourceVersion: live.metadata.resourceVersion
        )
    }

    /// Whether `live` carries label and claim.
    func hasClaimed(_ live: Deployment) -> Bool {
        live.metadata.labels[Keys.name] == app.metadata.name
            && live.metadata.annotations[Keys.claimedBy] == Claim(of: app).text
    }

    /// Whether a Deployment of the ModelApp's name was made for it; one that it adopted before was not.
    func owns(_ live: Deployment) -> Bool {
        owns(live.metadata) && (live.metadata.controller != nil || live.isMade(for: app.metadata.name))
    }
}
