import Artifacts
@testable import DevCluster
import HTTPTypes
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ByteRangeTests {
    @Test(arguments: [
        ("bytes=0-3", 10, ByteRange.part(0..<4)), ("bytes=5-", 10, .part(5..<10)), ("bytes=-2", 10, .part(8..<10)),
        ("bytes=-20", 10, .part(0..<10)), ("bytes=8-99", 10, .part(8..<10)), ("bytes=10-", 10, .unsatisfiable),
        ("bytes=-0", 10, .unsatisfiable), ("bytes=0-0", 0, .unsatisfiable), ("bytes=3-1", 10, .whole),
        ("bytes=a-b", 10, .whole), ("bytes=0-1,4-5", 10, .whole), ("items=0-1", 10, .whole), ("bytes=+1-2", 10, .whole),
        ("bytes=0-9223372036854775807", 10, .part(0..<10)), ("bytes=99999999999999999999-", 10, .whole),
    ])
    func fieldAsksForABoundedPart(_ field: String, _ size: Int64, _ expected: ByteRange) {
        #expect(ByteRange(field, size: size) == expected)
    }

    @Test func absentFieldAsksForEverything() {
        #expect(ByteRange(nil, size: 10) == .whole)
    }

    private func verdict(_ fields: HTTPFields, etag: String?, reading: Bool = true) -> EntityConditions.Verdict {
        EntityConditions(fields).verdict(
            etag: etag,
            lastModified: etag.map { _ in Timestamp(seconds: 1_767_225_600) },
            reading: reading
        )
    }

    @Test func conditionsFollowTheirPrecedence() {
        #expect(verdict([.ifMatch: "\"a\""], etag: "a") == .proceed)
        #expect(verdict([.ifMatch: "\"b\", \"a\""], etag: "a") == .proceed)
        #expect(verdict([.ifMatch: "\"b\""], etag: "a") == .failed)
        #expect(verdict([.ifMatch: "*"], etag: nil) == .failed)
        #expect(verdict([.ifNoneMatch: "W/\"a\""], etag: "a") == .notModified)
        #expect(verdict([.ifNoneMatch: "\"a\""], etag: "a", reading: false) == .failed)
        #expect(verdict([.ifNoneMatch: "*"], etag: nil, reading: false) == .proceed)
        let same = "Thu, 01 Jan 2026 00:00:00 GMT"
        let before = "Wed, 31 Dec 2025 23:59:59 GMT"
        #expect(verdict([.ifModifiedSince: same], etag: "a") == .notModified)
        #expect(verdict([.ifModifiedSince: before], etag: "a") == .proceed)
        #expect(verdict([.ifUnmodifiedSince: before], etag: "a") == .failed)
        // The tag decides where both are sent.
        #expect(verdict([.ifMatch: "\"a\"", .ifUnmodifiedSince: before], etag: "a") == .proceed)
        #expect(verdict([.ifNoneMatch: "\"b\"", .ifModifiedSince: same], etag: "a") == .proceed)
    }
}
