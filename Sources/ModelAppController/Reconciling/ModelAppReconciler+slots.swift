import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import ModelAppAPI
import ReleasePlanning

/// What is read of the two Deployments that an own target may have.
extension ModelAppReconciler {
    /// Reads both slots from the store, and from the server only where something is to be made in one.
    func observeSlots(_ observation: inout Observation) async throws(KubernetesError) {
        let app = observation.app.key
        var deployments: [Slot: Deployment] = [:]
        for slot in Slot.allCases { deployments[slot] = stores.deployments[slot.key(of: app)] }
        observation.arrange(a: deployments[.a], b: deployments[.b])
        let (active, standby) = (observation.slot, observation.standbySlot)
        var isRead = false
        if observation.deployment == nil {
            deployments[active] = try await client.get(Deployment.self, active.key(of: app))
            isRead = deployments[active] != nil
        }
        if observation.standby == nil, observation.needsStandby {
            deployments[standby] = try await client.get(Deployment.self, standby.key(of: app))
            isRead = isRead || deployments[standby] != nil
        }
        if isRead { observation.arrange(a: deployments[.a], b: deployments[.b]) }
    }

    /// The Deployment that has the candidate's name. Before one is made, a read shows that the name is free.
    func candidate(_ observation: Observation) async throws(ReconcileError) -> Deployment? {
        let key = OwnedNames.candidate(of: observation.app.key)
        if let known = stores.deployments[key] { return known }
        // Where there are two slots, what is verified stands in one of them.
        guard observation.isVerifying, !observation.app.spec.rollout.strategy.hasTwoSlots else { return nil }
        do throws(KubernetesError) {
            return try await client.get(Deployment.self, key)
        } catch {
            throw observeFailed(error)
        }
    }

    /// Refuses to go on where an object is not in the state that was read.
    func confirm(
        _ resource: APIResource,
        _ key: ObjectKey,
        _ resourceVersion: String
    ) async throws(KubernetesError) {
        let live = try await client.getJSON(resource, key)
        guard live?["metadata"]?["resourceVersion"]?.string != resourceVersion else { return }
        var status = KubernetesStatus()
        (status.status, status.reason, status.code) = ("Failure", "Conflict", 409)
        throw KubernetesError(.api, "\(resource.kind) \(key) has changed since it was read", status: status)
    }
}
