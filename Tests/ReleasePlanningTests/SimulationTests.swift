import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Selection
import Testing

/// What a policy would have released, from the times of pushes and uploads.
@Suite(.timeLimit(.minutes(1)))
struct SimulationTests {
    /// Midnight, so many hours ago or later.
    private func hour(_ hour: Int64) -> UnixMilliseconds { (Fixtures.now + .seconds(3600 * hour)).milliseconds }

    /// Tags 1 to 3 pushed at hours -5, 10 and 30, and model versions 1 and 2 finished at hours -5 and 12.
    private var record: SourceRecord {
        var objects: [BlobObject] = []
        for (version, time) in [(1, -5), (2, 12)] as [(Int64, Int64)] {
            for (file, seconds) in [("weights.bin", 0), ("DONE", 600)] as [(String, Int64)] {
                let key = "resnet/\(version)/\(file)"
                objects.append(
                    BlobObject(key: key, size: 9, modified: hour(time) + seconds * 1000, etag: "\(key)")
                )
            }
        }
        let tags = [("1", -5), ("2", 10), ("3", 30)] as [(String, Int64)]
        return SourceRecord(tags: tags.map { Candidate(name: $0.0, time: hour($0.1)) }, objects: objects)
    }

    private func run(
        _ changes: [String: JSONValue?],
        _ record: SourceRecord? = nil
    ) throws -> PolicySimulation.Result {
        var changes = changes
        changes["model.complete"] = ["marker": "DONE"]
        let app = try Fixtures.app(Fixtures.spec(changes))
        let simulation = PolicySimulation(of: app, record ?? self.record, zones: [:])
        return try simulation.run(from: Fixtures.now, to: Fixtures.now + .seconds(48 * 3600))
    }

    private func lines(_ result: PolicySimulation.Result) -> [String] {
        result.entries.map { entry in
            let hours = (entry.at - Fixtures.now).components.seconds
            return "\(hours / 60) \(entry.code) \(entry.model) \(entry.cause)"
                + (entry.waitedFor.isEmpty ? "" : " \(entry.waitedFor) \(entry.waited.goText)")
        }
    }

    @Test func withoutAWindowEachChangeIsARelease() throws {
        // In minutes; a version counts when its marker is there.
        #expect(try lines(run([:])) == ["0 1 1 First", "600 2 1 NewCode", "730 2 2 NewModel", "1800 3 2 NewCode"])
    }

    @Test func windowsCollectChanges() throws {
        let window: JSONValue = [["name": "n", "cron": "0 2 * * *", "duration": "1h"]]
        let result = try run(["rollout.windows": window])
        #expect(lines(result) == ["0 1 1 First", "1560 2 2 NewCodeAndModel Window 13h50m"])
        #expect(result.waiting?.code == "3" && result.waiting?.waitedFor == "Window")
    }

    @Test func ageSkipAndPinCountAsTheyDoInTheOperator() throws {
        #expect(
            try lines(run(["rollout.minAge": "6h"])) == [
                "70 1 1 First", "960 2 1 NewCode", "1090 2 2 NewModel", "2160 3 2 NewCode",
            ]
        )
        #expect(
            try lines(run(["rollout.skip": ["code": ["2"]]])) == [
                "0 1 1 First", "730 1 2 NewModel", "1800 3 2 NewCode",
            ]
        )
        #expect(try lines(run(["rollout.pin": ["code": "2"]])) == ["600 2 1 First", "730 2 2 NewModel"])
        let blackout: JSONValue = [["name": "b", "from": "2026-01-01", "to": "2026-01-01", "timeZone": "UTC"]]
        #expect(
            try lines(run(["rollout.blackouts": blackout])) == [
                "0 1 1 First", "1440 2 2 NewCodeAndModel Blackout 11h50m", "1800 3 2 NewCode",
            ]
        )
    }

    @Test func whatCannotBeKnownIsSaid() throws {
        var untimed = record
        untimed.tags = untimed.tags.map { Candidate(name: $0.name, firstSeen: 0) }
        let result = try run(["rollout.minAge": "6h"], untimed)
        #expect(lines(result) == ["70 3 1 First", "1090 3 2 NewModel"])
        #expect(result.unknown.contains { $0.contains("when 3 of 3 tags were pushed") })
        #expect(try run([:]).unknown.contains { $0.contains("deleted, overwritten") })
        let gated = try run(["rollout.verify": [["name": "v", "http": ["port": 80, "path": "/"]]]])
        #expect(gated.entries.count == 4 && gated.unknown.contains { $0.hasPrefix("spec.rollout.verify") })
    }

    @Test func aModelThatIsOverwrittenIsKnownFromItsLastUploadOn() throws {
        let objects = [BlobObject(key: "resnet/a.onnx", size: 1, modified: hour(20), etag: "a")]
        let record = SourceRecord(tags: self.record.tags, objects: objects)
        let app = try Fixtures.app(
            Fixtures.spec(["model.versions": nil, "model.objects": ["a.onnx"]])
        )
        let result = try PolicySimulation(of: app, record, zones: [:])
            .run(from: Fixtures.now, to: Fixtures.now + .seconds(48 * 3600))
        #expect(lines(result) == ["1202 2 2026-01-01T20:00:00Z First", "1800 3 2026-01-01T20:00:00Z NewCode"])
        #expect(result.unknown.contains { $0.contains("overwritten in place") })
    }

    @Test func aWrongSpecIsRefused() throws {
        #expect(throws: FieldProblem.self) {
            try run(["rollout.windows": [["name": "n", "cron": "61 * * * *", "duration": "1h"]]])
        }
    }
}
