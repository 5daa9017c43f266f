import JSON
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import Logging
import ModelAppAPI
import ReleasePlanning

/// What is read and written of Deployments that ModelApps adopt.
extension ModelAppReconciler {
    /// Reads whose the Deployment is and what else is claimed for the ModelApp: from the stores, and from the server only
    /// where a claim's holder is not in them.
    func observeClaims(_ observation: inout Observation) async throws(ReconcileError) {
        let app = observation.app
        observation.claimed = stores.deployments.objects(Stores.byClaim, app.key.description)
        guard app.spec.target.adopt != nil else { return }
        observation.leftovers = Slot.allCases.map { $0.key(of: app.key) }.filter { $0 != app.deploymentKey }
            .compactMap { stores.deployments[$0] }
        guard let metadata = observation.deployment?.metadata, let claim = Claim(on: metadata),
            claim != Claim(of: app)
        else { return }
        do throws(KubernetesError) {
            observation.holder = try await isAlive(claim) ? claim : nil
        } catch {
            throw observeFailed(error)
        }
    }

    /// Reads who owns the fields of the adopted Deployment, and the Deployment in the same state.
    func observeFieldOwners(_ observation: inout Observation) async throws(ReconcileError) {
        do throws(KubernetesError) {
            let object = try await client.getJSON(Deployment.resource, observation.app.deploymentKey)
            observation.deployment = try object.map(Self.deployment)
            observation.fieldOwners = FieldOwners(object ?? .object([:]))
        } catch {
            throw observeFailed(error)
        }
    }

    private static func deployment(_ object: JSONValue) throws(KubernetesError) -> Deployment {
        do throws(JSONError) {
            return try Deployment(json: object)
        } catch {
            throw KubernetesError(.decoding, "the API server's answer: \(error)", underlying: error)
        }
    }

    /// Whether the holder of a claim is still there. A ModelApp that this store does not have may be newer than the store,
    /// or not readable: so the server is asked before anybody's claim is passed over.
    private func isAlive(_ claim: Claim) async throws(KubernetesError) -> Bool {
        if stores.apps[claim.holder]?.metadata.uid == claim.uid { return true }
        let object = try await client.getJSON(ModelApp.resource, claim.holder)
        return object?["metadata"]?["uid"]?.string == claim.uid
    }

    /// Takes the claims of a ModelApp that is gone, or goes, off the Deployments that it adopted. They keep running.
    func letGo(everythingOf key: ObjectKey) async throws(ReconcileError) -> ReconcileResult {
        do throws(KubernetesError) {
            let claimed = stores.deployments.objects(Stores.byClaim, key.description)
            for case .letGo(let deployment, let version) in claimed.lettingGo(of: key, except: nil) {
                // Gone by this store alone is not gone: see `isAlive`.
                if stores.apps[key] == nil,
                    let claim = stores.deployments[deployment].flatMap({ Claim(on: $0.metadata) }),
                    try await isAlive(claim)
                {
                    return .requeue(after: .seconds(10))
                }
                try await letGo(deployment, resourceVersion: version)
            }
            return .awaitChange
        } catch {
            // The state that was read is not the last one: the watch brings it.
            if error.isConflict { return .requeue(after: .milliseconds(200)) }
            throw ReconcileError(
                .retry(after: error.retryAfter),
                reason: "LetGoFailed",
                message: error.message,
                underlying: error
            )
        }
    }

    /// Takes label and claim off a Deployment; one that is gone needs nothing.
    func letGo(_ key: ObjectKey, resourceVersion: String) async throws(KubernetesError) {
        let removal = Claim.removal(resourceVersion: resourceVersion)
        do throws(KubernetesError) {
            try await client.patch(Deployment.resource, key, removal, fieldManager: .claim)
        } catch {
            if !error.isNotFound { throw error }
        }
        logger.info("let go", metadata: ["object": "Deployment \(key)"])
    }
}
