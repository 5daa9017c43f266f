import JSON
public import KubernetesAPI
public import ModelAppAPI

/// A check of a candidate, to be made in the background (`Plan.check`).
///
/// It is named by what it is about: the same plan asks for the same operation, and one that is running is not begun
/// again. A check that is cut off by the end of the process is made again, which does no harm.
public struct CheckOperation: Sendable, Hashable {
    /// The ModelApp.
    public var app: ObjectKey
    /// The ModelApp's uid.
    public var uid: String
    /// The release.
    public var release: String
    /// Which try it is.
    public var attempt: Int64
    /// On which step of a canary it is made; 0 before traffic.
    public var round: Int64 = 0
    /// What is checked.
    public var step: VerifyStep
    /// The pod that is checked.
    public var pod: CandidatePod
    /// A pod of the release that runs, where the check compares with it and there is one.
    public var running: CandidatePod?
    /// Whether no release runs with which the candidate could be compared.
    public var isFirst = false
    /// What checks may want to know: the environment of jobs.
    public var facts: [String: String]

    /// The name.
    public var id: String {
        let parts: [JSONValue] = [.string(uid), .string(release), .integer(attempt), .string(pod.uid), step.json]
        let more: [JSONValue] = (round == 0 ? [] : [.integer(round)]) + (running.map { [.string($0.uid)] } ?? [])
        return JSONValue.array(parts + more).sha256
    }

    /// How long one try may take.
    public var timeout: Duration {
        step.timeout?.duration ?? (step.job != nil ? .seconds(600) : .seconds(30))
    }
}

/// A pod that runs a release without traffic.
public struct CandidatePod: Sendable, Hashable {
    /// Its uid.
    public var uid: String
    /// Its address, as the kubelet reports it.
    public var address: String
    /// Its name.
    public var name: String
}

/// How a check stands, as whoever makes it says.
public enum CheckProgress: Sendable, Hashable {
    /// Something that it needs is not there.
    case blocked(reason: String, message: String)
    /// It is over.
    case finished(CheckVerdict)
}
