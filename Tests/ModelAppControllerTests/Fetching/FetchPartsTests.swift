import Glibc
import HTTPTransport
import ObjectStorage
import TestSupport
import Testing

@testable import DevCluster
@testable import ModelAppController

/// The parts of a fetch that need no store.
struct FetchPartsTests {
    /// Check values of the algorithms for "123456789": RFC 1321, RFC 3174, FIPS 180-4, and Cook's catalogue of CRCs
    /// (CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME).
    private static let checks: [(StoredChecksum.Algorithm, String)] = [
        (.md5, "25f9e794323b453885f5181f1b624d0b"), (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        (.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"), (.crc32, "cbf43926"),
        (.crc32c, "e3069283"), (.crc64nvme, "ae8b14860a799888"),
    ]

    @Test(arguments: checks)
    func checksumsHaveTheirPublishedCheckValues(_ algorithm: StoredChecksum.Algorithm, _ expected: String) {
        var checksum = RunningChecksum(algorithm)
        Array("123456789".utf8).withUnsafeBytes { checksum.update($0) }
        #expect(checksum.hex == expected)
    }

    @Test(arguments: StoredChecksum.Algorithm.allCases)
    func aChecksumDoesNotDependOnHowTheBytesArrive(_ algorithm: StoredChecksum.Algorithm) {
        var generator = SplitMix64(seed: 11)
        for length in 0..<70 {
            let bytes = FetchScene.bytes(length, seed: UInt64(length))
            var whole = RunningChecksum(algorithm)
            bytes.withUnsafeBytes { whole.update($0) }
            var pieces = RunningChecksum(algorithm)
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(Int.random(in: 1...9, using: &generator)))
                piece.withUnsafeBytes { pieces.update($0) }
                rest = rest.dropFirst(piece.count)
            }
            #expect(pieces.hex == whole.hex)
        }
    }

    @Test func progressIsSaidOnceAnInterval() {
        let start = ContinuousClock().now
        var progress = FetchProgress(version: "41", files: 2, bytes: 100 << 20, interval: .seconds(5), at: start)
        #expect(progress.opening == "fetching 41: 2 files, 100.0 MiB")
        progress.found(20 << 20)
        #expect(progress.arrived(1 << 20, at: start + .seconds(4)) == nil)
        #expect(
            progress.arrived(29 << 20, at: start + .seconds(5))
                == "41: 50.0 MiB of 100.0 MiB (50 %), 6.0 MiB/s, 9 s left"
        )
        #expect(progress.arrived(1 << 20, at: start + .seconds(9)) == nil)
        #expect(progress.arrived(49 << 20, at: start + .seconds(10)) == "41: 100.0 MiB of 100.0 MiB (100 %), 8.0 MiB/s")
    }

    @Test func progressOfNothingIsComplete() {
        let now = ContinuousClock().now
        let progress = FetchProgress(version: "1", files: 1, bytes: 0, interval: .seconds(5), at: now)
        #expect(progress.text(at: now) == "1: 0 B of 0 B (100 %)")
    }

    @Test func longWaitsAreSaidInLongUnits() {
        let start = ContinuousClock().now
        var progress = FetchProgress(version: "1", files: 1, bytes: 10_000, interval: .zero, at: start)
        #expect(progress.arrived(100, at: start + .seconds(1))?.hasSuffix("1 min 39 s left") == true)
        progress = FetchProgress(version: "1", files: 1, bytes: 1_000_000, interval: .zero, at: start)
        #expect(progress.arrived(100, at: start + .seconds(1))?.hasSuffix("2 h 46 min left") == true)
        progress = FetchProgress(version: "1", files: 1, bytes: .max, interval: .zero, at: start)
        #expect(progress.arrived(100, at: start + .seconds(1))?.hasSuffix("days left") == true)
    }

    @Test(arguments: [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_048_575, "1.0 MiB"), (1_572_864, "1.5 MiB"),
        (Int64.max, "8.0 EiB"),
    ])
    func sizesAreRoundedToOneDigit(_ bytes: Int64, _ text: String) { #expect(ByteCount(bytes).description == text) }

    @Test(arguments: [
        (ENOSPC, "DiskFull"), (EDQUOT, "DiskFull"), (EROFS, "ReadOnly"), (EACCES, "PermissionDenied"),
        (EPERM, "PermissionDenied"), (EIO, "DiskFailed"), (ENOTDIR, "FileError"),
    ])
    func failuresOfTheDiskSayWhatTheyAre(_ code: Int32, _ reason: String) {
        let failure = FileFailure.make(code, "/models/a", "cannot be written")
        #expect(failure.reason == reason)
        #expect(failure.message.hasPrefix("/models/a cannot be written: "))
    }

    @Test func namesOfFilesStayBelowTheirFolder() {
        for good in ["a", "a/b", "a.b/..c", "ä/ö", String(repeating: "x", count: 255)] {
            #expect(SafePath.isSafe(good))
        }
        for bad in [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\\b", "a\nb", "a\u{0}b", "a\u{7F}",
            String(repeating: "x", count: 256), String(repeating: "a/", count: 600) + "a",
        ] { #expect(!SafePath.isSafe(bad)) }
    }
}
