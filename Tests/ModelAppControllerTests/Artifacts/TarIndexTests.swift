import Foundation
import TestSupport
import Testing

@testable import ModelAppController

/// What is in a tar archive, by archives of programs that are not ours.
@Suite struct TarIndexTests {
    private func index(_ archive: [UInt8]) throws -> TarIndex {
        try TarIndex(size: Int64(archive.count)) { offset, count in Array(archive[Int(offset)..<(Int(offset) + count)])
        }
    }

    private func files(_ archive: [UInt8]) throws -> [String: [UInt8]] {
        Dictionary(
            try index(archive).entries.map { entry in
                (entry.path, Array(archive[Int(entry.offset)..<Int(entry.offset + entry.size)]))
            },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private func refusal(_ archive: [UInt8]) -> String? {
        do {
            _ = try index(archive)
            return nil
        } catch let unusable as TarIndex.Unusable {
            return unusable.reason
        } catch {
            return "another error: \(error)"
        }
    }

    private static let files: [String: [UInt8]] = [
        "weights.bin": FetchScene.bytes(70_001, seed: 4), "empty": [], "exact": FetchScene.bytes(1024, seed: 5),
        "folder/labels.txt": Array("cat\n".utf8),
    ]

    @Test(arguments: ["v7", "ustar", "gnu", "pax", "oldgnu"])
    func everyFormatOfGNUTarIsRead(_ format: String) async throws {
        var files = Self.files
        // The old formats take no names this long.
        if format != "v7", format != "ustar" {
            files[String(repeating: "d", count: 120) + "/" + String(repeating: "f", count: 150)] = [7]
            files["größe/ß.bin"] = [8]
        }
        if format == "ustar" {
            files[String(repeating: "d", count: 70) + "/" + String(repeating: "e", count: 50) + "/name"] = [9]
        }
        #expect(try self.files(try await TestArchive.make(files, format: format)) == files)
    }

    @Test(
        arguments: [
            ("add('../evil')", "no name below a folder"),
            ("add('/etc/passwd')", "no name below a folder"),
            ("add('a/../../evil')", "no name below a folder"),
            ("add('a'); add('a')", "twice"),
            ("add('a'); add('./a')", "twice"),
            ("add('a'); add('a/b')", "a folder in"),
            ("add('link', tarfile.SYMTYPE, link='/etc/passwd')", "is a link"),
            ("add('a'); add('hard', tarfile.LNKTYPE, link='a')", "is a link"),
            ("add('null', tarfile.CHRTYPE)", "neither a file nor a folder"),
            ("add('pipe', tarfile.FIFOTYPE)", "neither a file nor a folder"),
        ]
    )
    func whatIsNoPlainFileBelowOneFolderMakesItUnusable(_ script: String, _ why: String) async throws {
        let reason = refusal(try await TestArchive.hostile(script))
        #expect(reason?.contains(why) == true, "\(reason ?? "it was taken")")
    }

    @Test func damageIsNoticed() async throws {
        let archive = try await TestArchive.make(Self.files)
        #expect(
            refusal(Array("hello, this is no archive".utf8) + [UInt8](repeating: 1, count: 2000))?.contains("no tar")
                == true
        )
        // The first header: a name, a size, a sum.
        for offset in [0, 130, 150] {
            var damaged = archive
            damaged[offset] ^= 1
            #expect(refusal(damaged)?.contains("damaged") == true)
        }
        // Cut in the middle of a file.
        #expect(refusal(Array(archive.prefix(30_000))) != nil)
    }

    /// Whatever the bytes are: an answer, no crash, and no entry outside of the archive.
    @Test func arbitraryBytesLeadToNoTrap() async throws {
        let archive = try await TestArchive.make(Self.files, format: "pax")
        var generator = SplitMix64(seed: 2026)
        for _ in 0..<3000 {
            var damaged = archive
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let header = Int.random(in: 0..<(archive.count / 512), using: &generator) * 512
                damaged[header + Int.random(in: 0..<512, using: &generator)] = UInt8.random(
                    in: 0...255,
                    using: &generator
                )
            }
            guard let entries = try? index(damaged).entries else { continue }
            for entry in entries {
                #expect(entry.offset >= 0 && entry.size >= 0 && entry.offset + entry.size <= Int64(archive.count))
            }
        }
    }
}
