import Artifacts
import DevCluster
import HTTPTransport
import HTTPTypes
import Logging
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)), .enabled(if: Tool.runs("curl"), "curl is not installed"))
struct LoopbackServerTests {
    /// Tells who asks, and echoes the body back as it comes.
    private struct Echo: LocalService {
        func handle(_ request: HTTPRequest, body: HTTPBodyChunks, from peer: LocalPeer) async -> LocalResponse {
            if request.method == .put { return LocalResponse(HTTPResponse(status: .ok), streaming: body) }
            let text =
                "\(request.scheme ?? "") \(peer.commonName ?? "nobody") \(peer.organizations.joined(separator: "+"))"
            return LocalResponse(.ok, text: text, type: "text/plain")
        }
    }

    private func curl(_ arguments: [String]) async throws -> String {
        let tool = try #require(Tool.find("curl"), "curl is not installed")
        return try await tool.succeed(["-sS", "--max-time", "20"] + arguments)
    }

    @Test func connectionIsKeptForTheNextRequest() async throws {
        try await withServer(Echo()) { url in
            let format = "%{num_connects}"
            let output = try await curl(
                ["-w", format, url.description, "--next", "-sS", "-w", format, "-I", url.description]
            )
            #expect(output.hasPrefix("http nobody 1"))
            #expect(output.hasSuffix("0"))
        }
    }

    @Test func unreadRequestBodyDoesNotHarmTheConnection() async throws {
        let refusing = ClosureService { _, _ in LocalResponse(.unauthorized, [:], Array("no".utf8)) }
        let folder = try TemporaryFolder()
        try folder.write(String(repeating: "x", count: 1 << 20), to: "body")
        try await withServer(refusing) { url in
            let send = ["-X", "POST", "--data-binary", "@\(folder.path)/body", "-w", "%{http_code} ", url.description]
            let output = try await curl(send + ["--next", "-sS"] + send)
            #expect(output == "no401 no401 ")
        }
    }

    @Test func largeBodiesStreamBothWays() async throws {
        let folder = try TemporaryFolder()
        let text = String(repeating: "0123456789abcdef", count: 1 << 18)
        try folder.write(text, to: "body")
        try await withServer(Echo()) { url in
            let output = try await curl(["-T", folder.path + "/body", url.description])
            #expect(output == text)
        }
    }

    @Test func clientThatWaitsForContinueIsAnswered() async throws {
        let folder = try TemporaryFolder()
        try folder.write("hello", to: "body")
        try await withServer(Echo()) { url in
            let output = try await curl(
                [
                    "-v", "-T", folder.path + "/body", "-H", "Expect: 100-continue", "--expect100-timeout", "15",
                    url.description,
                ]
            )
            #expect(output.contains("100 Continue"))
            #expect(output.contains("hello"))
        }
    }

    @Test func clientThatGoesAwayCancelsTheStream() async throws {
        let endless = EndlessBody([Array("one\n".utf8)])
        let service = ClosureService { _, _ in LocalResponse(HTTPResponse(status: .ok), streaming: endless.body) }
        let tool = try #require(Tool.find("curl"), "curl is not installed")
        try await withServer(service) { url in
            // Ends curl as soon as it shows the line, so that the line must have come without the end of the answer.
            let output = try await tool.run(["-sSN", url.description], until: "one\n")
            #expect(output == "one\n")
            await endless.waitUntilCancelled()
        }
    }

    @Test func endOfTheServerCancelsItsStreams() async throws {
        let endless = EndlessBody([Array("one\n".utf8)])
        let service = ClosureService { _, _ in LocalResponse(HTTPResponse(status: .ok), streaming: endless.body) }
        let tool = try #require(Tool.find("curl"), "curl is not installed")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = LoopbackServer(service, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let url = try await server.url()
                let result = try await tool.run(["-sSN", "--max-time", "50", url.description])
                // 18: the answer stopped before its end.
                #expect(result.status == 18)
            }
            await withThrowingTaskGroup(of: Void.self) { serving in
                serving.addTask { try await server.run() }
                await endless.waitUntilSilent()
                serving.cancelAll()
            }
            await endless.waitUntilCancelled()
            try await group.waitForAll()
        }
    }

    @Test func clientTrustsTheAuthorityAndShowsItsName() async throws {
        let certificate = try DevelopmentCertificate(now: TimeSource.system.date())
        let client = try certificate.client(commonName: "admin", organizations: ["system:masters", "second"])
        let folder = try TemporaryFolder()
        try folder.write(certificate.authorityPEM, to: "ca.pem")
        try folder.write(client.certificatePEM, to: "client.pem")
        try folder.write(client.privateKeyPEM, to: "client.key")
        try await withServer(Echo(), certificate: certificate) { url in
            #expect(url.scheme == "https")
            let trust = ["--cacert", folder.path + "/ca.pem"]
            #expect(try await curl(trust + [url.description]) == "https nobody ")
            let shown = ["--cert", folder.path + "/client.pem", "--key", folder.path + "/client.key"]
            let names = try await curl(trust + shown + ["https://localhost:\(url.port ?? 0)/"])
            #expect(names == "https admin second+system:masters" || names == "https admin system:masters+second")
            let tool = try #require(Tool.find("curl"), "curl is not installed")
            // 60: the certificate is not trusted.
            #expect(try await tool.run(["-sS", url.description]).status == 60)
        }
    }

    @Test func certificateOfAnotherAuthorityIsRefused() async throws {
        let certificate = try DevelopmentCertificate(now: TimeSource.system.date())
        let stranger = try DevelopmentCertificate(now: TimeSource.system.date()).client(commonName: "admin")
        let folder = try TemporaryFolder()
        try folder.write(certificate.authorityPEM, to: "ca.pem")
        try folder.write(stranger.certificatePEM, to: "client.pem")
        try folder.write(stranger.privateKeyPEM, to: "client.key")
        try await withServer(Echo(), certificate: certificate) { url in
            let tool = try #require(Tool.find("curl"), "curl is not installed")
            let result = try await tool.run([
                "-sS", "--cacert", folder.path + "/ca.pem", "--cert", folder.path + "/client.pem",
                "--key", folder.path + "/client.key", url.description,
            ])
            #expect(result.status != 0)
        }
    }

    @Test func takenPortIsAnErrorForWhoeverWaits() async throws {
        try await withServer(Echo()) { url in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let second = LoopbackServer(Echo(), port: url.port ?? 0, logger: logger)
            await #expect(throws: (any Error).self) { try await second.run() }
            await #expect(throws: (any Error).self) { try await second.url() }
        }
    }
}
