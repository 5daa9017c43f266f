import Artifacts
public import KubernetesAPI
public import ModelAppAPI

/// One thing to do.
public enum PlanStep: Sendable, Hashable {
    /// Applies owned fields. The reason is for people.
    case apply(ApplyStep, reason: String)
    /// Applies fields under a manager of their own: replicas, which an autoscaler may take.
    case scale(ApplyStep)
    /// Claims the Deployment that is to be adopted. It ends the pass: what follows is planned anew on the state that it
    /// made.
    case claim(ApplyStep)
    /// Takes the claim off a Deployment, in the state that was read.
    case letGo(ObjectKey, resourceVersion: String)
    /// Deletes an object with this uid.
    case delete(APIResource, ObjectKey, uid: String)
    /// Goes on only while an object is in the state that was read.
    case confirm(APIResource, ObjectKey, resourceVersion: String)

    /// The object that the step is about.
    public var object: String {
        switch self {
        case .apply(let step, _), .scale(let step), .claim(let step): "\(step.resource.kind) \(step.key)"
        case .letGo(let key, _): "\(Deployment.resource.kind) \(key)"
        case .delete(let resource, let key, _), .confirm(let resource, let key, _): "\(resource.kind) \(key)"
        }
    }
}

/// What to do about one ModelApp, and what its status will say if every step succeeds.
///
/// A value without time of its own: the same observation, resolution and instant give the same plan, in the
/// controller, in `modelapp plan` and in a test.
public struct Plan: Sendable, Hashable {
    /// The ModelApp.
    public var subject: ObjectKey
    /// The generation of the spec that was planned for.
    public var observedGeneration: Int64
    /// What to do, in this order; a step that fails ends the plan.
    public var steps: [PlanStep]
    /// The status, complete.
    public var status: ModelAppStatus
    /// The image that a release waits for: a background operation to begin, unless it is under way.
    public var bake: BakeOrder?
    /// The receipt of what runs: a background operation that nothing waits for.
    public var receipt: ReceiptOrder?
    /// When to look again without an event; nil for the interval alone.
    public var requeueAfter: Duration?
    /// What has to be under way in the background; nil for nothing. It ends with a pass that says what it came to.
    public var check: CheckOperation?

    /// Whether there is nothing to do to the cluster.
    public var isEmpty: Bool { steps.isEmpty }

    /// Looks again at `time` at the latest.
    mutating func lookAgain(at time: Timestamp?, now: Timestamp) {
        guard let time else { return }
        requeueAfter = min(requeueAfter ?? (time - now), time - now)
    }

    /// Whether there is anything to do, an image to make included.
    public var hasWork: Bool { !isEmpty || bake != nil }
}
