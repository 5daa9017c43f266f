import KubernetesAPI
import ModelAppAPI

/// Whose the fields are that a release sets.
extension StatusComposer {
    /// The condition `FieldsOwned`; nil before anything was applied.
    func fieldsOwned() -> Condition? {
        let name = planner.observation.deployment?.metadata.name ?? planner.app.deploymentKey.name
        switch outcome {
        case .contested(let contest):
            return Condition("FieldsOwned", false, reason: contest.reason, message: contest.message)
        case .running, .verifying, .waiting(_, _, .some(_)):
            guard planner.observation.applied != nil else { return nil }
            let isAdopted = planner.app.spec.target.adopt != nil
            return Condition(
                "FieldsOwned",
                true,
                reason: isAdopted ? "Adopted" : "Owned",
                message: isAdopted
                    ? "Deployment \(name) is claimed, and has what the release sets"
                    : "Deployment \(name) is this ModelApp's own"
            )
        // As before: nothing was looked at.
        case .suspended, .missingHalf: return planner.app.status.condition("FieldsOwned")
        case .waiting(_, _, nil), .spec: return nil
        }
    }

    /// What others hold is not the release: somebody has to act.
    func contested(_ contest: FieldContest) -> [Condition] {
        [
            Condition("Ready", false, reason: contest.reason, message: contest.message),
            Condition("Stalled", true, reason: contest.reason, message: contest.message),
        ]
    }
}
