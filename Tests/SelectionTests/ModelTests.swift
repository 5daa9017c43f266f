import Testing

@testable import Selection

@Suite struct CompletenessTests {
    private func set(_ files: [(String, Int64)], by rules: ObjectSetRules, size: Int64 = 10) -> ObjectSet {
        var set = ObjectSet(name: "1/")
        for (path, modified) in files {
            set.add(
                BlobObject(key: "m/1/" + path, size: size, modified: modified, etag: "e-\(path)"),
                path: path,
                by: rules
            )
        }
        return set
    }

    private func reason(_ files: [(String, Int64)], by rules: ObjectSetRules, now: Int64 = 0) -> Incompleteness.Reason?
    {
        guard case .incomplete(let why) = set(files, by: rules).completeness(by: rules, now: now) else { return nil }
        return why.reason
    }

    @Test func aMarkerMustBeThereAndNoFileNewer() {
        let rules = ObjectSetRules(complete: .marker("_SUCCESS"))
        #expect(reason([("a", 1), ("b", 2)], by: rules) == .markerMissing("_SUCCESS"))
        #expect(reason([("a", 1), ("_SUCCESS", 2), ("b", 3)], by: rules) == .markerOlder("_SUCCESS", than: "b"))
        #expect(reason([("_SUCCESS", 2)], by: rules) == .noFiles)
        #expect(reason([], by: rules) == .noFiles)
        for marker in [2, 3] as [Int64] {
            let files = [("_SUCCESS", marker), ("a", 1), ("b", 2)] as [(String, Int64)]
            #expect(set(files, by: rules).completeness(by: rules, now: 0) == .complete)
        }
    }

    @Test func filesThatDoNotCountAreNoBusinessOfTheMarker() throws {
        let filter = try FileFilter(include: ["**"], exclude: ["*.log"])
        let rules = ObjectSetRules(complete: .marker("_SUCCESS"), files: filter)
        let complete = set([("a", 1), ("_SUCCESS", 2), ("train.log", 9)], by: rules)
        #expect(complete.completeness(by: rules, now: 0) == .complete)
        #expect(complete.files == 1)
        #expect(complete.modified == 2)
    }

    @Test func settleWaitsForTheLastFileAndTellsUntilWhen() {
        let rules = ObjectSetRules(complete: .settle(120_000))
        let files = [("a", 1_000), ("b", 5_000), ("c", 5_000)] as [(String, Int64)]
        let expected = Completeness.incomplete(Incompleteness(.settling("b"), lookAgainAt: 125_000))
        #expect(set(files, by: rules).completeness(by: rules, now: 124_999) == expected)
        #expect(set(files, by: rules).completeness(by: rules, now: 125_000) == .complete)
        #expect(reason([], by: rules) == .noFiles)
        #expect(reason([("a", .max)], by: rules, now: .max - 1) == .settling("a"))
    }

    @Test func aManifestMustBeThereAndBeRead() {
        let rules = ObjectSetRules(complete: .manifest("MANIFEST.json"))
        #expect(reason([("a", 1)], by: rules) == .manifestMissing("MANIFEST.json"))
        let whole = set([("a", 1), ("MANIFEST.json", 1)], by: rules)
        #expect(whole.completeness(by: rules, now: 0) == .needsManifest)
        #expect(whole.files == 1)
    }

    @Test func everyFileOfAManifestMustBeThereWithItsSize() {
        let sum = String(repeating: "a0", count: 32)
        let entries = [ManifestEntry(path: "a", sha256: sum, size: 3), ManifestEntry(path: "d/b", sha256: sum)]
        #expect(Completeness.ofManifest(entries, listed: ["a": 3, "d/b": 9, "extra": 1]) == .complete)
        #expect(
            Completeness.ofManifest(entries, listed: ["a": 4, "d/b": 9])
                == .incomplete(Incompleteness(.sizeDiffers("a", listed: 4, manifest: 3)))
        )
        let many = (0..<8).map { ManifestEntry(path: "f\($0)", sha256: sum) }
        #expect(
            Completeness.ofManifest(many, listed: ["f3": 1])
                == .incomplete(Incompleteness(.filesMissing(["f0", "f1", "f2", "f4", "f5"], more: 2)))
        )
    }

    @Test(arguments: ["../a", "a/../b", "/a", "a//b", "", ".", "a\\b", "a\u{0}", "./a", "a/"])
    func aManifestThatLeavesTheModelsRootIsRefused(path: String) {
        let entry = ManifestEntry(path: path, sha256: String(repeating: "0", count: 64))
        guard case .incomplete(let why) = Completeness.ofManifest([entry], listed: [path: 1]),
            case .manifestInvalid = why.reason
        else {
            Issue.record("accepted \(path.debugDescription)")
            return
        }
    }

    @Test func aManifestWithoutFilesSumsOrUniquePathsIsRefused() {
        let sum = String(repeating: "0", count: 64)
        let bad: [[ManifestEntry]] = [
            [], [ManifestEntry(path: "a", sha256: "")],
            [ManifestEntry(path: "a", sha256: String(repeating: "G", count: 64))],
            [ManifestEntry(path: "a", sha256: sum, size: -1)],
            [ManifestEntry(path: "a", sha256: sum), ManifestEntry(path: "a", sha256: sum)],
        ]
        for entries in bad {
            guard case .incomplete(let why) = Completeness.ofManifest(entries, listed: ["a": 1]),
                case .manifestInvalid = why.reason
            else {
                Issue.record("accepted \(entries)")
                continue
            }
            #expect(why.sentence.hasPrefix("the manifest cannot be used"))
        }
    }

    @Test func fixedNamesMustAllBeThere() {
        let rules = ObjectSetRules(complete: .settle(0), fixedNames: ["ResNet_152.model", "synset.txt"])
        #expect(reason([("synset.txt", 1), ("other", 1)], by: rules) == .filesMissing(["ResNet_152.model"], more: 0))
        let whole = set([("synset.txt", 1), ("ResNet_152.model", 2), ("other", 50)], by: rules)
        #expect(whole.completeness(by: rules, now: 2) == .complete)
        #expect(whole.files == 2)
        #expect(whole.newest?.path == "ResNet_152.model")
    }

    @Test func sizesSaturateInsteadOfOverflowing() {
        let rules = ObjectSetRules(complete: .settle(0))
        #expect(set([("a", 1), ("b", 1)], by: rules, size: .max).bytes == .max)
        #expect(set([("a", 1)], by: rules, size: -5).bytes == 0)
    }
}

@Suite struct FingerprintTests {
    private func fingerprint(_ files: [(String, Int64, String)]) -> Fingerprint {
        files.reduce(into: Fingerprint()) { $0.insert(path: $1.0, size: $1.1, etag: $1.2) }
    }

    @Test func anyChangeOfNameSizeOrTagChangesItAndOrderDoesNot() {
        let files = [("a", 1, "x"), ("b", 2, "y"), ("c/d", 3, "z")] as [(String, Int64, String)]
        let whole = fingerprint(files)
        #expect(whole == fingerprint(files.reversed()))
        #expect(whole.description.count == 32)
        for index in files.indices {
            for change in [
                (files[index].0 + "1", files[index].1, files[index].2), (files[index].0, 9, files[index].2),
                (files[index].0, files[index].1, ""),
            ] {
                var changed = files
                changed[index] = change
                #expect(fingerprint(changed) != whole)
            }
            var fewer = files
            fewer.remove(at: index)
            #expect(fingerprint(fewer) != whole)
        }
        // Exchanged tags are a change too.
        #expect(fingerprint([("a", 1, "y"), ("b", 2, "x"), ("c/d", 3, "z")]) != whole)
        #expect(fingerprint([("ab", 1, "")]) != fingerprint([("a", 1, "b")]))
    }

    /// Computed by another implementation of the same hashes: a change would make every stored fingerprint look new.
    @Test func itIsTheSameInEveryProcess() {
        #expect(fingerprint([("a.onnx", 12, "\"0x8D\"")]).description == "2b78033db7fcd14fd836413a1b820452")
    }

    @Test func similarFilesDoNotCollide() {
        var seen: Set<Fingerprint> = []
        for index in 0..<20_000 { seen.insert(fingerprint([("part-\(index)", 1, "e"), ("x", Int64(index % 3), "e")])) }
        #expect(seen.count == 20_000)
    }
}

@Suite struct VersionAccumulatorTests {
    private let rules = ObjectSetRules(complete: .marker("_SUCCESS"))

    private func object(_ key: String, _ modified: Int64 = 1) -> BlobObject {
        BlobObject(key: key, size: 1, modified: modified, etag: key)
    }

    @Test func keysAreGroupedByTheFirstSegmentAfterThePrefix() throws {
        var versions = VersionAccumulator(prefix: try KeyPrefix("resnet/"), rules: rules)
        for key in [
            "resnet/41/a", "resnet/41/d/b", "resnet/42/a", "resnet/42/_SUCCESS", "resnet/LATEST", "resnet-old/1/a",
            "resnet/43/", "other/1/a",
        ] { try versions.add(object(key)) }
        #expect(versions.versions.map(\.name) == ["41/", "42/", "43/"])
        #expect(versions["41"]?.files == 2)
        #expect(versions["42/"]?.control?.key == "resnet/42/_SUCCESS")
        #expect(versions.looseObjects == 1)
        #expect(
            versions.obstacles(now: 0) == [
                "41/": .incomplete(Incompleteness(.markerMissing("_SUCCESS"))),
                "43/": .incomplete(Incompleteness(.noFiles)),
            ]
        )
    }

    @Test func aDeeperGroupingTakesMoreSegments() throws {
        var versions = VersionAccumulator(prefix: try KeyPrefix(""), depth: 2, rules: rules)
        for key in ["2026/07/a", "2026/08/x/y", "2026/file", "top"] { try versions.add(object(key)) }
        #expect(versions.versions.map(\.name) == ["2026/07/", "2026/08/"])
        #expect(versions.looseObjects == 2)
    }

    @Test func theNewestCompleteVersionIsChosenFromAListing() throws {
        var versions = VersionAccumulator(prefix: try KeyPrefix("m/"), rules: rules)
        for (key, modified) in [("m/9/a", 1), ("m/9/_SUCCESS", 2), ("m/10/a", 3), ("m/10/_SUCCESS", 4), ("m/11/a", 5)] {
            try versions.add(object(key, Int64(modified)))
        }
        let filter = try CandidateFilter(match: #"^(?<v>\d+)/$"#, extract: "$v")
        let outcome = SelectionRules(policy: .numerical(.ascending), filter: filter)
            .select(from: versions.candidates, obstacles: versions.obstacles(now: 9), now: 9)
        #expect(outcome.ranked.map(\.candidate) == [Candidate(name: "10/", time: 4), Candidate(name: "9/", time: 2)])
        #expect(outcome.rejected.map(\.sentence) == [#"11/ is incomplete: the marker "_SUCCESS" is missing."#])
    }

    @Test func theOrderOfTheListingDoesNotMatter() throws {
        var random = SplitMix64(seed: 8)
        var keys: Set<String> = []
        while keys.count < 200 {
            keys.insert(
                "p/\(random.below(7))/" + random.pick(["", "d/"]) + random.pick(["_SUCCESS", "f\(random.below(40))"])
            )
        }
        let objects = keys.sorted().map { object($0, Int64(random.below(20))) }
        func summed(_ objects: [BlobObject]) throws -> [ObjectSet] {
            var versions = VersionAccumulator(prefix: try KeyPrefix("p/"), rules: rules)
            for object in objects { try versions.add(object) }
            return versions.versions
        }
        let expected = try summed(objects)
        #expect(expected.map(\.files).reduce(0, +) + expected.filter { $0.control != nil }.count <= 200)
        for _ in 0..<10 { #expect(try summed(objects.shuffled(using: &random)) == expected) }
    }

    @Test func tooManyVersionsAreAnErrorAndNotACut() throws {
        var versions = VersionAccumulator(prefix: try KeyPrefix(""), rules: rules)
        for index in 0..<VersionAccumulator.maximumVersions { try versions.add(object("\(index)/a")) }
        try versions.add(object("0/b"))
        let error = #expect(throws: SelectionError.self) { try versions.add(object("new/a")) }
        #expect(error?.code == .tooMany)
    }
}

@Suite struct KeyTests {
    @Test func aPrefixEndsAtASlash() throws {
        #expect(try KeyPrefix("").path(of: "a/b") == "a/b")
        #expect(try KeyPrefix("resnet/").path(of: "resnet/1/a") == "1/a")
        #expect(try KeyPrefix("resnet/").path(of: "resnet-old/1") == nil)
        for bad in ["resnet", "a/b", "a\u{0}/", String(repeating: "a", count: 1024) + "/"] {
            let error = #expect(throws: SelectionError.self) { try KeyPrefix(bad) }
            #expect(error?.code == .prefix)
        }
    }

    @Test(arguments: [
        ("41\n", "41"), ("  v1/sub \r\n", "v1/sub"), ("\u{feff}42", "42"), ("41/", "41"),
        ("2026-07-31T10:00", "2026-07-31T10:00"),
    ])
    func aPointerNamesAVersion(text: String, version: String) throws {
        #expect(try PointerText(Array(text.utf8)).version == version)
    }

    @Test func otherPointersAreErrors() {
        let bad: [[UInt8]] = [
            [], Array(" \n".utf8), Array("a\nb".utf8), Array("../x".utf8), Array("a..b".utf8), Array("/a".utf8),
            Array("a\\b".utf8),
            [0xff, 0xfe, 0x34, 0x00], [0x34, 0x00], Array("/".utf8), Array(repeating: 0x61, count: 513),
        ]
        for bytes in bad {
            let error = #expect(throws: SelectionError.self, "\(bytes)") { try PointerText(bytes) }
            #expect(error?.code == .pointer)
        }
    }
}
