import Foundation
import JSON
import Testing

/// `modelapp demo` as people and scripts run it.
@Suite("The demo", .timeLimit(.minutes(5)), .serialized)
struct DemoTests {
    @Test func theStoryConvergesInLinesOfEightyColumns() async throws {
        let folder = try TestFolder()
        let result = try await Program.run(["demo"], environment: ["TMPDIR": folder.path])
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.output.contains("6 of 6 steps in"))
        #expect(result.errors.isEmpty)
        for line in result.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
        #expect(!result.output.contains("\u{1B}"))
        #expect(try folder.contents == [])
    }

    /// The tag that this one selects is never pushed.
    @Test func whatDoesNotConvergeFailsTheDemo() async throws {
        let folder = try TestFolder()
        let tutorial = try String(
            contentsOfFile: Program.repository + "/manifests/examples/tutorial.yaml",
            encoding: .utf8
        )
        let changed = tutorial.replacing("numerical: {}", with: "tag: {name: nosuch}")
        #expect(changed != tutorial)
        let manifest = try folder.write(changed, to: "app.yaml")
        let result = try await Program.run(["demo", "--manifest", manifest], environment: ["TMPDIR": folder.path])
        #expect(result.status == 1)
        #expect(result.output.contains("FAILED: the Deployment was not patched"))
        #expect(result.output.contains("0 of 1 steps"))
        #expect(try folder.contents == ["app.yaml"])
    }

    @Test func keptItPrintsWhereEverythingAnswersAndASignalEndsIt() async throws {
        let folder = try TestFolder()
        let demo = try RunningProgram(
            ["demo", "--keep", "--output", "json"],
            environment: ["TMPDIR": folder.path]
        )
        let json = try JSONValue(parsing: try await demo.firstLine())
        #expect(Set((json.object ?? [:]).keys) == ["kubeconfig", "registry", "blob", "s3"])
        #expect(Set((json["blob"]?.object ?? [:]).keys) == ["url", "account", "key"])
        #expect(Set((json["s3"]?.object ?? [:]).keys) == ["url", "accessKeyId", "secretAccessKey"])
        let kubeconfig = try String(contentsOfFile: json["kubeconfig"]?.string ?? "", encoding: .utf8)
        #expect(kubeconfig.contains("certificate-authority-data"))
        for text in [json["registry"]?.string, json["blob"]?["url"]?.string, json["s3"]?["url"]?.string] {
            let port = try #require(text?.firstMatch(of: /127\.0\.0\.1:([0-9]+)/).flatMap { UInt16($0.1) })
            #expect(isListening(port), "\(text ?? "")")
        }
        let children = demo.children
        #expect(children.count == 1)
        demo.signal(SIGINT)
        #expect(try await demo.status(within: .seconds(5)) == 0, "\(demo.errors)")
        #expect(demo.errors == "")
        #expect(try folder.contents == [])
        for child in children { #expect(kill(child, 0) != 0, "the operator is still there") }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalInTheMiddleEndsItAndLeavesNothing(signal: Int32) async throws {
        let folder = try TestFolder()
        let demo = try RunningProgram(["demo"], environment: ["TMPDIR": folder.path])
        _ = try await demo.firstLine()
        let children = demo.children
        demo.signal(signal)
        #expect(try await demo.status(within: .seconds(5)) == 128 + signal, "\(demo.errors)")
        #expect(demo.errors == "")
        #expect(try folder.contents == [])
        for child in children { #expect(kill(child, 0) != 0, "the operator is still there") }
    }

    @Test func aFolderThatCannotBeMadeIsNamed() async throws {
        let result = try await Program.run(["demo"], environment: ["TMPDIR": "/nonexistent"])
        #expect(result.status == 1)
        #expect(result.output.isEmpty)
        #expect(
            result.errors == "Error: no folder can be made in /nonexistent: No such file or directory; "
                + "set TMPDIR to a folder that can be written\n"
        )
    }

    @Test func aManifestThatCannotBeUsedIsNamed() async throws {
        let folder = try TestFolder()
        let missing = try await Program.run(["demo", "--manifest", "/nonexistent.yaml"])
        #expect(missing.status == 1 && missing.errors == "Error: there is no file /nonexistent.yaml\n")
        let other = try folder.write("{kind: Pod}", to: "pod.yaml")
        let wrong = try await Program.run(["demo", "--manifest", other])
        #expect(wrong.status == 1 && wrong.errors == "Error: \(other) holds no ModelApp\n")
    }

    private func isListening(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
