import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import TestSupport
import Testing

/// Bar: whatever happens to the way to the API server, the end state is the same, and no request is repeated in a hurry.
@Suite struct CutTests {
    private static let watch = FaultScript.Match.watch
    private static let write = FaultScript.Match.write

    /// The faults, each again and again while the story goes on.
    static let scripts: [FaultScript] = [
        FaultScript().on(watch, times: 30, .cleanClose),
        FaultScript().on(watch, times: 12, .goneInStream),
        FaultScript().on(watch, times: 12, .gone),
        FaultScript().on(watch, times: 30, .duplicateEvents),
        // Each of the operator's watches once; while one is silent, every look asks by a request what it does not tell.
        FaultScript().on(watch, times: 6, .stall),
        FaultScript().on(watch, times: 12, .tooManyRequests(retryAfter: 1)),
        FaultScript().on(watch, times: 12, .refuse),
        // Where no event wakes the key, seven failures in a row take two minutes (work queue: Q9), eleven half an hour.
        FaultScript().on(.any, skip: 8, times: 7, .internalError),
        FaultScript().on(.any, skip: 8, times: 7, .unavailable),
        FaultScript().on(.any, skip: 8, times: 6, .unauthorized),
        FaultScript().on(write, times: 12, .loseAnswer),
        FaultScript().on(write, times: 12, .tooManyRequests(retryAfter: 1)),
        FaultScript().on(write, times: 6, .refuse),
        FaultScript().on(.read, times: 8, .delay(.seconds(3))),
    ]

    @Test(.timeLimit(.minutes(2)), arguments: scripts.indices)
    func theEndIsTheSameUnderEveryFault(index: Int) async throws {
        let (expected, calm) = try await Self.story(FaultScript())
        let (end, requests) = try await Self.story(Self.scripts[index])
        #expect(end == expected, "\(Self.scripts[index])")
        // Each fault may cost a request or a relist of a kind, and a pause; it may not be answered by a flood.
        #expect(requests <= calm + 40 * 4 + 60, "\(requests) requests, \(calm) without faults")
    }

    @Test(.timeLimit(.minutes(3))) func aStreamCutAtEveryByteLosesNothing() async throws {
        // Watches of the ModelApps are cut a byte later each time, while the spec goes on changing.
        try await Cluster.withConvergedApp { cluster in
            try await cluster.scans(1)
        } then: { cluster in
            var script = FaultScript()
            let apps = FaultScript.Match.watch.and(.path(containing: "/modelapps"))
            for bytes in 0..<2800 { script = script.on(apps, .dropAfter(bytes: bytes)) }
            let transport = FaultInjectingTransport(InProcessTransport(to: cluster.api), script, time: cluster.time)
            try await cluster.withOperator(over: transport) {
                for replicas in 3...12 {
                    try await cluster.edit(spec: ["target": ["own": ["replicas": .integer(Int64(replicas))]]])
                    try await cluster.eventually("\(replicas) replicas", within: .seconds(15)) {
                        cluster.api.object(Deployment.resource, Cluster.key())?["spec"]?["replicas"]?.integer
                            == Int64(replicas)
                    }
                }
            }
            #expect(transport.faultCount >= 10)
            #expect(cluster.releases().count == 1)
        }
    }

    @Test func anObjectThatCannotBeReadStopsNoOther() async throws {
        try await Cluster.withConvergedApp { cluster in
            // As an API server of another version, or one without the schema, may hold it.
            let garbled: JSONValue = ["code": ["image": 7], "model": "nonsense"]
            try await cluster.plant("garbled", spec: garbled)
            try await cluster.push("2")
            try await cluster.converges(code: "2", model: "1.0.0")
            try await cluster.eventually("it is said", about: "garbled") {
                let status = cluster.api.object(ModelApp.resource, Cluster.key("garbled"))?["status"]
                return status?["conditions"]?.array?.contains { $0["reason"] == "InvalidSpec" } == true
            }
        }
    }

    @Test func twoLeadersAtOnceDoNoHarm() async throws {
        let (expected, _) = try await Self.story(FaultScript())
        let end = try await Cluster.with(factor: 40) { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create()
            try await cluster.withOperator {
                try await cluster.withOperator {
                    try await Self.tell(cluster)
                    // The one that lags behind may have a last word.
                    try await cluster.rests(for: 8)
                    cluster.api.resetRequests()
                    try await cluster.scans(20)
                    #expect(cluster.api.requests.writes == 0)
                }
            }
            return EndState(cluster)
        }
        #expect(end == expected)
    }

    /// Begins, takes new code, takes a new model.
    private static func tell(_ cluster: Cluster) async throws {
        for (code, model) in [("1", "1.0.0"), ("2", "1.0.0"), ("2", "2.0.0")] {
            if code == "2", model == "1.0.0" { try await cluster.push("2") }
            if model == "2.0.0" { try cluster.uploadVersion("2.0.0") }
            try await cluster.eventually("code \(code), model \(model)", within: .seconds(20)) {
                cluster.isSettled(code: code, model: model)
            }
        }
    }

    private static func story(_ script: FaultScript) async throws -> (EndState, requests: Int) {
        try await Cluster.with(factor: 40) { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create()
            let transport = FaultInjectingTransport(InProcessTransport(to: cluster.api), script, time: cluster.time)
            cluster.api.resetRequests()
            try await cluster.withOperator(over: transport) { try await tell(cluster) }
            let served = cluster.api.requests.counts.values.reduce(0, +)
            return (EndState(cluster), served + transport.faultCount)
        }
    }
}
