import Selection
import Testing

/// The object that proves what the files of a version are.
@Suite struct ProofTests {
    private func set(_ etag: String?, files: [String] = ["a"], fixedNames: Set<String> = []) -> ObjectSet {
        let rules = ObjectSetRules(complete: .settle(0), fixedNames: fixedNames, proof: "model.sig")
        var set = ObjectSet()
        for path in files {
            set.add(BlobObject(key: "m/\(path)", size: 1, modified: 1, etag: path), path: path, by: rules)
        }
        if let etag {
            set.add(BlobObject(key: "m/model.sig", size: 9, modified: 5, etag: etag), path: "model.sig", by: rules)
        }
        return set
    }

    @Test func itIsNoFileOfTheModel() {
        #expect(set("1").files == 1)
        #expect(set("1").bytes == 1)
        #expect(set("1").newest?.path == "a")
        #expect(set("1", files: []).completeness(by: ObjectSetRules(complete: .settle(0)), now: 9) != .complete)
    }

    @Test func anotherOneMakesAnotherVersion() {
        #expect(set(nil).fingerprint != set("1").fingerprint)
        #expect(set("1").fingerprint != set("2").fingerprint)
        #expect(set("1", fixedNames: ["a"]).fingerprint != set("2", fixedNames: ["a"]).fingerprint)
    }
}
