import JSON
import KubernetesAPI
import ModelAppAPI
import Testing

@Suite(.timeLimit(.minutes(1)))
struct StatusTests {
    @Test func anObjectNobodyLookedAtSaysSo() throws {
        let stored = ModelAppDefinition.schema.stored(["spec": [:]])
        #expect(stored["status"] == ["observedGeneration": -1])
        #expect(ModelAppStatus().json == ["observedGeneration": 0])
    }

    @Test func conditionsAreFoundByType() {
        var status = ModelAppStatus()
        status.conditions = [
            Condition("Ready", true, reason: "A", message: ""), Condition("Stalled", false, reason: "B", message: ""),
        ]
        #expect(status.condition("Stalled")?.reason == "B")
        #expect(status.condition("Reconciling") == nil)
    }

    @Test func theExampleOfTheDesignRoundTrips() throws {
        let status: JSONValue = [
            "observedGeneration": 7,
            "conditions": [
                [
                    "type": "Ready", "status": "True", "observedGeneration": 7, "reason": "Converged", "message": "m",
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                ]
            ],
            "code": [
                "latest": [
                    "tag": "7", "digest": "sha256:0", "pushedAt": "2026-01-01T00:00:00Z", "platforms": ["linux/amd64"],
                ]
            ],
            "model": [
                "latest": [
                    "version": "42", "digest": "sha256:1", "identity": "Manifest", "bytes": 5_000_000_000, "objects": 2,
                    "modifiedAt": "2026-01-01T00:00:00Z",
                ]
            ],
            "release": [
                "current": [
                    "id": "a", "code": ["tag": "7", "digest": "sha256:0"],
                    "model": ["version": "42", "digest": "sha256:1"],
                    "image": "i", "since": "2026-01-01T00:00:00Z", "restorable": true,
                ],
                "target": [
                    "id": "b", "code": ["tag": "8", "digest": "sha256:2"],
                    "model": ["version": "42", "digest": "sha256:1"],
                    "phase": "Waiting", "waitingFor": ["Window"], "nextWindow": "2026-01-02T02:00:00Z", "message": "m",
                ],
                "pods": ["desired": 3, "onTarget": 0, "onCurrent": 3, "other": 0],
            ],
            "quarantine": [
                [
                    "half": "Pair", "version": "6+41", "digest": "c", "reason": "VerifyFailed", "message": "m",
                    "at": "2026-01-01T00:00:00Z",
                ]
            ],
            "history": [
                [
                    "id": "a", "code": "7", "model": "42", "result": "Converged", "cause": "NewCode",
                    "at": "2026-01-01T00:00:00Z", "tookSeconds": 12,
                ]
            ],
            "endpoint": ["url": "http://1.2.3.4", "ip": "1.2.3.4", "hostname": "h"],
            "lastHandledReconcileAt": "x",
        ]
        #expect(
            problems(["metadata": ["name": "a"], "spec": try Everything.document()["spec"] ?? .null, "status": status])
                == []
        )
        #expect(try ModelAppStatus(json: status).json == status)
    }
}
