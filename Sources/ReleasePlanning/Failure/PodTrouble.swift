import JSON
import KubernetesAPI

/// Why the pods of a release do not become ready, by what the kubelet and the scheduler say of them.
struct PodTrouble: Hashable {
    /// Who is at fault (api.md: three classes of failure).
    enum Fault: Int, Comparable {
        /// The nodes, the quota, the registry, the store: it is waited for.
        case surroundings
        /// The release: its code or its model.
        case release
        /// The pod template.
        case spec

        static func < (left: Fault, right: Fault) -> Bool { left.rawValue < right.rawValue }
    }

    var fault: Fault
    /// One CamelCase word, as Kubernetes says it where it has one.
    var reason: String
    /// For people.
    var message: String
    /// How often the container was started again.
    var restarts: Int64 = 0

    /// Whether it is certain before any deadline: a container has ended three times with an error.
    var isLoop: Bool { fault == .release && reason == "CrashLoopBackOff" && restarts >= Self.certain }
    /// Whether the kubelet or the scheduler said something, and it is not only time that passes.
    var isSpecific: Bool { reason != Self.unready }

    private static let certain: Int64 = 2
    private static let unready = "NotReady"

    private static let pullReasons: Set<String> = ["ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"]
    private static let specReasons: Set<String> = [
        "InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
        "ErrImageNeverPull",
    ]

    /// The worst of what the pods of the release called `id` suffer from. What cannot be told from a slow start is said
    /// of the release: by then the deadline has passed.
    init(_ pods: [Pod], release id: String) {
        let mine = pods.filter {
            $0.metadata.labels[Keys.release] == id && $0.metadata.deletionTimestamp == nil
        }
        let troubles = mine.compactMap(Self.trouble).sorted {
            ($0.fault, $0.reason, $0.restarts) < ($1.fault, $1.reason, $1.restarts)
        }
        guard let worst = troubles.last else {
            let message = mine.isEmpty ? "no pod was made" : "pods run and do not become ready"
            self.init(fault: mine.isEmpty ? .surroundings : .release, reason: Self.unready, message: message)
            return
        }
        self = worst
    }

    init(fault: Fault, reason: String, message: String, restarts: Int64 = 0) {
        (self.fault, self.reason, self.message, self.restarts) = (fault, reason, message, restarts)
    }

    private static func trouble(_ pod: Pod) -> PodTrouble? {
        for condition in pod.status["conditions"]?.array ?? [] where condition["type"] == "PodScheduled" {
            guard condition["status"] == "False" else { continue }
            let reason = condition["reason"]?.string ?? "Unschedulable"
            return PodTrouble(fault: .surroundings, reason: reason, message: clip(condition["message"]))
        }
        let containers =
            (pod.status["initContainerStatuses"]?.array ?? []) + (pod.status["containerStatuses"]?.array ?? [])
        return containers.compactMap(trouble(ofContainer:)).max { $0.fault < $1.fault }
    }

    private static func trouble(ofContainer status: JSONValue) -> PodTrouble? {
        let name = status["name"]?.string ?? ""
        let waiting = status["state"]?["waiting"]
        let reason = waiting?["reason"]?.string ?? ""
        let message = "container \(name): \(clip(waiting?["message"]))"
        if pullReasons.contains(reason) { return PodTrouble(fault: .surroundings, reason: reason, message: message) }
        if specReasons.contains(reason) { return PodTrouble(fault: .spec, reason: reason, message: message) }
        let ended =
            status["state"]?["terminated"] ?? (reason == "CrashLoopBackOff" ? status["lastState"]?["terminated"] : nil)
        guard reason == "CrashLoopBackOff" || (ended?["exitCode"]?.integer ?? 0) != 0 else { return nil }
        let code = ended?["exitCode"]?.integer.map { "exit code \($0)" } ?? "an error"
        let why = ended?["reason"]?.string.map { $0 == "Error" ? "" : " (\($0))" } ?? ""
        return PodTrouble(
            // What fetches the model depends on the store and its credentials, not on the release.
            fault: name == FetchContainer.name ? .surroundings : .release,
            reason: reason.isEmpty ? "ContainerExits" : reason,
            message: "container \(name) ends with \(code)\(why)",
            restarts: status["restartCount"]?.integer ?? 0
        )
    }

    private static func clip(_ message: JSONValue?) -> String { String((message?.string ?? "").prefix(200)) }
}
