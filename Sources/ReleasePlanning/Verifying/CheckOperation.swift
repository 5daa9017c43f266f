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
    /// What is checked.
    public var step: VerifyStep
    /// The pod that is checked.
    public var pod: CandidatePod
    /// What checks may want to know: the environment of jobs.
    public var facts: [String: String]

    /// The name.
    public var id: String {
        JSONValue.array([
            .string(uid), .string(release), .integer(attempt), .string(pod.uid), step.json,
        ]).sha256
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
