import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI

/// What follows from a hold.
extension Planner {
    /// The held release is brought into place and kept in step, and the newest waits.
    func keep(_ held: HeldRelease) -> Plan {
        var steps: [PlanStep] = []
        var convergedAt = held.stored.convergedAt
        if held.begins {
            var state = OwnedObjects.RevisionState(of: held.stored)
            (state.number, state.startedAt) = (held.hold.number, now.rfc3339)
            (state.cause, state.hold) = (held.hold.way.rawValue, held.hold)
            // It is wanted once more, whatever was said of it before.
            state.failure = nil
            steps.append(.apply(objects.revision(held.stored, state), reason: held.hold.way.rawValue.lowercased()))
            steps += deploymentSteps(held.stored.release) + serviceSteps(for: held.stored.release)
        } else {
            let desired = DesiredRelease(release: held.stored.release, stored: held.stored)
            (steps, convergedAt) = self.steps(toward: desired)
        }
        // Nothing is verified meanwhile.
        steps += candidateRemoval(for: held.stored.release)
        let running = (held.stored.release, convergedAt: convergedAt)
        guard let newest = newest(than: held) else {
            return finish(steps, .running(running.0, convergedAt: convergedAt))
        }
        return finish(steps, .waiting(newest, [hold(of: held)], current: running))
    }

    private func hold(of held: HeldRelease) -> ReleaseHold {
        let id = held.stored.release.id
        switch held.hold.way {
        case .rollback:
            return ReleaseHold(
                gate: "NewerPair",
                message:
                    "release \(id) was put back in its place; it is not tried again until something newer comes or "
                    + "the annotation \(Keys.rollback) is removed (modelapp resume \(app.metadata.name))",
                until: nil
            )
        case .undo:
            return ReleaseHold(
                gate: "Resume",
                message: "release \(id) was put back by hand (kubectl rollout undo); modelapp resume "
                    + "\(app.metadata.name), or the annotation \(Keys.resume) with \(id), goes on",
                until: nil
            )
        }
    }

    /// What would run if nothing were held.
    private func newest(than held: HeldRelease) -> Release? {
        var release: Release
        if case .success(let desired) = desiredRelease() {
            release = desired.release
        } else if let from = observation.stored(held.hold.from) {
            release = from.release
        } else {
            return nil
        }
        guard release.id != held.stored.release.id else { return nil }
        release.cause = cause(of: release, after: held.stored)
        return release
    }

    /// That the Deployment is paused (`kubectl rollout pause`): its template is left alone.
    var pausedHold: ReleaseHold? {
        guard observation.isPaused else { return nil }
        return ReleaseHold(
            gate: "Resume",
            message:
                "the Deployment is paused; kubectl rollout resume deployment/\(observation.slot.key(of: app.deploymentKey).name) goes on",
            until: nil
        )
    }
}
