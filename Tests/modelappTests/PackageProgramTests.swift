import AsyncHTTPTransport
import Crypto
import DevCluster
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import Logging
import ModelAppAPI
import Testing

@testable import modelapp

/// `modelapp package` and `modelapp gc` as scripts run them.
@Suite("modelapp package", .timeLimit(.minutes(2)))
struct PackageProgramTests {
    /// A registry with an application's image and a container with a model, on loopback.
    private func withServers(_ body: (_ registry: String, _ model: String) async throws -> Void) async throws {
        let folder = try TestFolder()
        let registry = try EmulatedRegistry(time: .system)
        try FileManager.default.createDirectory(
            atPath: folder.path + "/s3/models/resnet/41",
            withIntermediateDirectories: true
        )
        let weights = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 * 31 >> 3) })
        try weights.write(to: URL(fileURLWithPath: folder.path + "/s3/models/resnet/41/weights.bin"))
        let s3 = try EmulatedS3(.init([:], anonymousRead: true), folder: folder.path + "/s3", time: .system)
        _ = try await DemoImage(registry: registry, repository: "app").push("1")
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let servers = [LoopbackServer(registry, logger: quiet), LoopbackServer(s3, logger: quiet)]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in servers { group.addTask { try await server.run() } }
            defer { group.cancelAll() }
            let authority = try await servers[0].url().authority
            let model: JSONValue = [
                "s3": [
                    "bucket": "models", "prefix": "resnet/", "endpoint": .string(try await servers[1].url().origin),
                    "region": "eu-west-1",
                ]
            ]
            try await body(authority, model.canonicalText)
        }
    }

    private func arguments(_ registry: String, _ model: String) -> [String] {
        [
            "package", "--image", "\(registry)/app:1", "--model", model, "--model-version", "41", "--plain-http",
            registry,
        ]
    }

    @Test func twoProcessesInTwoTimeZonesMakeTheSameImage() async throws {
        try await withServers { registry, model in
            var images: [String] = []
            for (tag, zone) in [("a", "America/Los_Angeles"), ("b", "Asia/Kathmandu")] {
                let result = try await Program.run(
                    arguments(registry, model) + ["--to", "\(registry)/baked-\(tag):1"],
                    environment: ["TZ": zone]
                )
                #expect(result.status == 0, "\(result.errors)")
                images.append(String(result.output.split(separator: "@").last ?? ""))
                #expect(result.errors.contains("packaging 41: 1 file, 2.9 MiB"))
                #expect(!result.errors.contains("\u{1B}"))
            }
            #expect(images[0].hasPrefix("sha256:") && images[0] == images[1])
            let again = try await Program.run(arguments(registry, model) + ["--to", "\(registry)/baked-a:2"])
            #expect(again.status == 0 && again.errors.contains("nothing of the model is read"))
            #expect(again.output.hasSuffix(images[0]))
        }
    }

    @Test func aLayoutIsOneThatSkopeoReads() async throws {
        try await withServers { registry, model in
            let folder = try TestFolder()
            let output = folder.path + "/image"
            let result = try await Program.run(arguments(registry, model) + ["--output", output])
            #expect(result.status == 0, "\(result.errors)")
            let pushed = try await Program.run(arguments(registry, model) + ["--to", "\(registry)/baked:1"])
            #expect(pushed.output.split(separator: "@").last == result.output.split(separator: "@").last)
            let index = try JSONValue(parsing: try folder.text("image/index.json"))
            let digest = try #require(index["manifests"]?[0]?["digest"]?.string)
            #expect(result.output == "\(output)@\(digest)\n")
            #expect(index["manifests"]?[0]?["annotations"]?["org.opencontainers.image.ref.name"] == "latest")
            let drafts = try FileManager.default.contentsOfDirectory(atPath: output + "/blobs/sha256")
            #expect(drafts.allSatisfy { $0.count == 64 })
        }
    }

    @Test(arguments: [
        (["--model", "s3://b/f/"], "exactly one of --to and --output is needed"),
        (["--model", "s3://b/f/", "--to", "h/r"], "needs a tag"),
        (["--model", "s3://bucket", "--output", "x"], "names no folder"),
        (["--model", "ftp://x/y", "--output", "x"], "is no s3://BUCKET/FOLDER/"),
        (["--model", "{}", "--output", "x"], "--model-version is needed"),
        (["--model", "s3://b/f/", "--output", "x", "--platform", "amd64"], "--platform:"),
        (["--model", "s3://b/f/", "--output", "x", "--identity", "gcp"], "azure or aws"),
    ])
    func aWrongCommandLineIsExplained(_ arguments: [String], _ words: String) async throws {
        let result = try await Program.run(["package", "--image", "h/a:1"] + arguments)
        #expect(result.status == 64 && result.errors.contains(words), "\(result.errors)")
    }

    @Test func aFolderOnACommandLineIsTakenApart() throws {
        let s3 = try ModelLocation("s3://models/team/resnet/41/", endpoint: "https://minio", region: "eu-west-1")
        #expect(s3.source.s3?.bucket == "models" && s3.source.s3?.prefix == "team/resnet/" && s3.version == "41")
        #expect(s3.source.s3?.endpoint == "https://minio" && s3.source.s3?.region == "eu-west-1")
        let azure = try ModelLocation("https://acct.blob.core.windows.net/models/res%20net/41")
        #expect(azure.source.azureBlob?.account == "acct" && azure.source.azureBlob?.container == "models")
        #expect(azure.source.azureBlob?.prefix == "res net/" && azure.version == "41")
        #expect(azure.source.azureBlob?.endpoint == "")
        let china = try ModelLocation("https://acct.blob.core.chinacloudapi.cn/models/41")
        #expect(china.source.azureBlob?.endpoint == "https://acct.blob.core.chinacloudapi.cn")
    }
}
