import Artifacts
import KubernetesAPI
public import ModelAppAPI

/// Releases of one image that holds code and model.
extension Planner {
    /// Puts the baked image into a new release; returns what has to be made where it is not there yet. Nil also for
    /// releases that are delivered in another way.
    func bake(_ release: inout Release, after current: StoredRelease?) throws(ArtifactError) -> BakeOrder? {
        guard release.mode == .baked, let baked = app.spec.delivery.baked else { return nil }
        let repository = try ImageReference(baked.repository)
        // The registry keeps the bytes of both halves, whatever becomes of the store's.
        release.restorable = true
        if let result = resolution.bake, result.release == release.id, case .done(let digest) = result.state {
            release.image = repository.pinned(to: digest)
            return nil
        }
        let running = try? current.map { stored throws(ArtifactError) in try ImageReference(stored.release.image) }
        return BakeOrder(
            release: release.id,
            image: release.image,
            platforms: app.spec.code.wantedPlatforms,
            model: release.model,
            repository: repository.name,
            mountPath: app.spec.delivery.mountPath,
            environment: app.spec.delivery.env,
            previous: running.flatMap { $0.name == repository.name ? $0.digest : nil }
        )
    }

    /// That the image of a release is not there yet. It is made while other gates hold the release, so that it is there
    /// when they open.
    func bakeHold(on desired: DesiredRelease) -> [ReleaseHold] {
        guard let order = desired.bake else { return [] }
        return [ReleaseHold(gate: ReleaseHold.bake, message: preparation(order), until: nil)]
    }

    private func preparation(_ order: BakeOrder) -> String {
        guard let result = resolution.bake, result.release == order.release, case .failed(let failure) = result.state
        else { return "the image of code and model is being made in \(order.repository)" }
        return "the image of code and model could not be made, which is tried again: "
            + "\(failure.reason): \(failure.message)"
    }
}

extension ReleaseHold {
    /// The gate of a release whose image is not there yet.
    static let bake = "Bake"
}

extension CodeSource {
    /// The platforms that an image must have.
    public var wantedPlatforms: [String] { platforms.isEmpty ? [Platform.linuxAMD64.description] : platforms }
}
