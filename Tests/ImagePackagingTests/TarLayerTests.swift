import Artifacts
import ContainerRegistry
import Foundation
import JSON
import ObjectStorage
import TestSupport
import Testing

@testable import ImagePackaging

/// What stands in a layer, checked by Python's `tarfile`, which nobody here wrote.
struct TarLayerTests {
    private func file(_ path: String, size: Int64 = 1) -> ModelContents.File {
        .init(path: path, info: ObjectInfo(key: path, size: size, modified: Timestamp(seconds: 5), etag: "e"))
    }

    private func refusal(_ paths: [String], mountPath: String = "/models") -> PackagingError? {
        do throws(PackagingError) {
            _ = try TarLayer(paths.map { file($0) }, mountPath: mountPath)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        "../escape", "a/../b", "/absolute", "a//b", "a/./b", "", "nul\u{0}", "back\\slash", "line\nbreak",
        ".wh.weights",
        "folder/.wh..wh..opq", String(repeating: "x", count: 256), String(repeating: "d/", count: 5000) + "x",
    ])
    func aNameThatIsNoFileBelowTheFolderIsRefused(_ name: String) {
        #expect(refusal(["good.bin", name])?.code == .unsafeName)
    }

    @Test func aFileThatIsAFolderToAnotherIsRefused() {
        #expect(refusal(["a/b", "a"])?.code == .unsafeName)
    }

    @Test(arguments: ["models", "/", "/../etc", "/a/../b", "/.wh.models"])
    func aFolderOfTheModelMustBeOne(_ path: String) {
        #expect(refusal(["a"], mountPath: path)?.code == .unsafeName)
    }

    @Test func moreFilesThanALayerTakesAreRefused() {
        let files = Array(repeating: file("f"), count: TarLayer.maximumFiles + 1)
        #expect(throws: PackagingError.self) { try TarLayer(files, mountPath: "/models") }
    }

    @Test func sizesThatNobodyCanAddUpAreRefused() {
        let files = ["a", "b"].map { file($0, size: .max / 2 + 10) }
        #expect(throws: PackagingError.self) { try TarLayer(files, mountPath: "/models") }
    }

    /// Headers alone: the content is not made, and Python seeks over it.
    @Test(.enabled(if: Tool.runs("python3")))
    func headersSayWhatPythonReads() async throws {
        let long = (0..<9).map { _ in String(repeating: "é", count: 40) }.joined(separator: "/")
        let cases: [(String, TarHeader.Kind)] = [
            ("models/", .folder), ("models/a.bin", .file(size: 0)),
            ("models/" + String(repeating: "n", count: 93), .file(size: 7)),
            ("models/" + String(repeating: "n", count: 94), .file(size: 7)), ("models/\(long)", .file(size: 12)),
            ("models/gross", .file(size: (1 << 33) - 1)), ("models/größer", .file(size: 1 << 33)),
            ("models/" + String(repeating: "f", count: 150) + "/", .folder), ("models/riesig", .file(size: 3 << 40)),
        ]
        let folder = try TemporaryFolder()
        for (index, (path, kind)) in cases.enumerated() {
            let file = "\(folder.path)/\(index).tar"
            try Data(TarHeader(path: path, kind).bytes + TarHeader.end).write(to: URL(fileURLWithPath: file))
        }
        let script = """
            import json, sys, tarfile
            out = []
            for n in range(int(sys.argv[2])):
                m = tarfile.open(f'{sys.argv[1]}/{n}.tar').next()
                out.append([m.name, m.size, m.mode, m.uid, m.gid, m.mtime, m.isdir(), m.uname])
            print(json.dumps(out))
            """
        let python = try #require(Tool.find("python3"))
        let output = try await python.succeed(["-c", script, folder.path, "\(cases.count)"])
        let read = try JSONValue(parsing: output)
        for (index, (path, kind)) in cases.enumerated() {
            let entry = try #require(read[index])
            let name = path.hasSuffix("/") ? String(path.dropLast()) : path
            var size: Int64 = 0
            if case .file(let count) = kind { size = count }
            let expected: JSONValue = [
                .string(name), .integer(size), .integer(kind == .folder ? 0o755 : 0o644), 0, 0, 0,
                .bool(kind == .folder), "",
            ]
            #expect(entry == expected, "\(path)")
        }
    }
}
