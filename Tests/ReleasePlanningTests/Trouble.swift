import JSON

/// Pod statuses, as a kubelet and a scheduler write them.
enum Trouble {
    static let crash = container([
        "state": ["waiting": ["reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"]],
        "lastState": ["terminated": ["exitCode": 3, "reason": "Error"]],
    ])
    /// A container that was started three times.
    static let loop = container([
        "state": ["waiting": ["reason": "CrashLoopBackOff"]], "restartCount": 2,
        "lastState": ["terminated": ["exitCode": 3, "reason": "Error"]],
    ])
    static let killed = container(["state": ["terminated": ["exitCode": 137, "reason": "OOMKilled"]]])
    static let pull = container([
        "state": ["waiting": ["reason": "ImagePullBackOff", "message": "Back-off pulling image \"r/api\""]]
    ])
    static let configuration = container([
        "state": ["waiting": ["reason": "CreateContainerConfigError", "message": "configmap \"settings\" not found"]]
    ])
    static let unready = container(["state": ["running": ["startedAt": "2026-01-01T00:00:00Z"]], "ready": false])
    static let unschedulable: JSONValue = [
        "conditions": [
            [
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                "message": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
            ]
        ]
    ]
    static let fetch: JSONValue = [
        "initContainerStatuses": [
            [
                "name": "modelapp-fetch", "state": ["waiting": ["reason": "CrashLoopBackOff"]],
                "lastState": ["terminated": ["exitCode": 1]],
            ]
        ]
    ]

    private static func container(_ status: JSONValue) -> JSONValue {
        var status = status
        status["name"] = "web"
        return ["conditions": [["type": "PodScheduled", "status": "True"]], "containerStatuses": [status]]
    }
}
