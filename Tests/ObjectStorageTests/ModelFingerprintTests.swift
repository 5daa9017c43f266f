import Artifacts
import TestSupport
import Testing

@testable import ObjectStorage

@Suite struct ModelFingerprintTests {
    private func info(
        _ key: String,
        size: Int64 = 1,
        etag: String? = "e",
        version: String? = nil,
        checksum: StoredChecksum? = nil,
        modified: Int64 = 0
    ) -> ObjectInfo {
        ObjectInfo(
            key: key,
            size: size,
            modified: Timestamp(seconds: modified),
            etag: etag,
            versionID: version,
            checksum: checksum
        )
    }

    private func model(_ objects: [ObjectInfo]) -> ModelFingerprint {
        var model = ModelFingerprint()
        for object in objects { model.add(object.key, object) }
        return model
    }

    private func md5(_ byte: UInt8) -> StoredChecksum? {
        StoredChecksum(.md5, bytes: [UInt8](repeating: byte, count: 16))
    }

    @Test func orderDoesNotMatter() async {
        let objects = (0..<50).map { info("k\($0)", size: Int64($0), etag: "e\($0)", checksum: md5(UInt8($0))) }
        let sorted = model(objects)
        await checkProperty(cases: 20) { generator in
            objects.shuffled(using: &generator)
        } fails: { shuffled in
            let other = model(shuffled)
            guard shuffled.count == objects.count else { return nil }
            return other.fingerprint == sorted.fingerprint && other.identity == sorted.identity ? nil : "another result"
        }
        #expect(sorted.count == 50 && sorted.bytes == 49 * 25)
    }

    @Test func aNewUploadOfTheSameContentIsANewFingerprintOfTheSameIdentity() {
        let first = model([info("a", etag: "e1", version: "v1", checksum: md5(1))])
        let second = model([info("a", etag: "e2", version: "v2", checksum: md5(1), modified: 9)])
        #expect(first.fingerprint != second.fingerprint)
        #expect(first.identity == second.identity)
        #expect(first.identity?.description.hasPrefix("sha256:") == true)
    }

    @Test func withoutChecksumsTheTagsNameTheContent() {
        let first = model([info("a", etag: "e1", version: "v1")])
        let reuploaded = model([info("a", etag: "e1", version: "v2")])
        let changed = model([info("a", etag: "e2", version: "v2")])
        #expect(first.identity?.description.hasPrefix("etag:") == true)
        #expect(first.identity == reuploaded.identity && first.fingerprint != reuploaded.fingerprint)
        #expect(first.identity != changed.identity)
    }

    @Test func oneObjectWithoutAChecksumMakesItAnIdentityOfTags() {
        let mixed = model([info("a", checksum: md5(1)), info("b")])
        guard case .entityTags? = mixed.identity else {
            Issue.record("\(String(describing: mixed.identity))")
            return
        }
        let weak = model([info("a", checksum: StoredChecksum(.crc64nvme, bytes: [UInt8](repeating: 1, count: 8)))])
        guard case .entityTags? = weak.identity else {
            Issue.record("a cyclic redundancy check counted as content")
            return
        }
    }

    @Test func eachFieldCounts() {
        let base = info("a", size: 1, etag: "e", version: "v", checksum: md5(1))
        var others = [base]
        others.append(info("b", size: 1, etag: "e", version: "v", checksum: md5(1)))
        others.append(info("a", size: 2, etag: "e", version: "v", checksum: md5(1)))
        others.append(info("a", size: 1, etag: "f", version: "v", checksum: md5(1)))
        others.append(info("a", size: 1, etag: "e", version: "w", checksum: md5(1)))
        #expect(Set(others.map { model([$0]).fingerprint }).count == 5)
        let contents = [
            base, others[1], others[2], info("a", checksum: md5(2)),
            info("a", checksum: StoredChecksum(.sha256, bytes: [UInt8](repeating: 1, count: 32))),
        ]
        #expect(Set(contents.map { model([$0]).identity }).count == 5)
        #expect(model([base, base]).fingerprint != model([base]).fingerprint)
    }

    @Test func fieldsDoNotRunIntoEachOther() {
        #expect(
            model([info("a", etag: "bc", version: "d")]).fingerprint
                != model([info("a", etag: "b", version: "cd")]).fingerprint
        )
        #expect(model([info("a1", size: 1)]).fingerprint != model([info("a", size: 11)]).fingerprint)
    }

    @Test func withoutATagTheTimeOfTheUploadShowsAChange() {
        #expect(
            model([info("a", etag: nil, modified: 1)]).identity != model([info("a", etag: nil, modified: 2)]).identity
        )
    }

    @Test func sizesThatAddUpToMoreThanANumberHoldsDoNotTrap() {
        #expect(model([info("a", size: .max), info("b", size: .max)]).bytes == .max)
    }

    /// A change of this value makes every model in every cluster a new release.
    @Test func theFormNeverChanges() {
        let one = model([info("model.onnx", size: 3, etag: "e1", version: "v1", checksum: md5(1))])
        #expect(
            one.fingerprint?.description == "sha256:e574f06e62b76513cf28a0c1e062a5e97143f69ea0a4f3dba16183e35e3c7174"
        )
        #expect(one.identity?.description == "sha256:6919a285a1fe3ac1b4653daa308fcddb6ed76256a8b781b55992714a6560774a")
        #expect(
            model([info("model.onnx", size: 3, etag: "e1")]).identity?.description
                == "etag:fced5079aa407f17160834b5a9ea7e9d01a67191e4a459901951b851b06cfc26"
        )
    }

    @Test func identitiesReadAndPrintAlike() throws {
        for text in ["sha256:" + String(repeating: "ab", count: 32), "etag:" + String(repeating: "01", count: 32)] {
            #expect(ModelIdentity(text)?.description == text)
        }
        for text in [
            "", "etag:", "sha256:ab", "etag:sha256:" + String(repeating: "01", count: 32),
            "sha512:" + String(repeating: "ab", count: 64), "etag:" + String(repeating: "AB", count: 32),
        ] { #expect(ModelIdentity(text) == nil) }
    }
}
