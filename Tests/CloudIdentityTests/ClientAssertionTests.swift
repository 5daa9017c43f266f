import Artifacts
import Foundation
import HTTPTransport
import TestSupport
import Testing
import Trust

@testable import CloudIdentity

/// The assertion of a certificate, read by PyJWT: the library that Microsoft's own client makes them with.
@Suite(.timeLimit(.minutes(1))) struct ClientAssertionTests {
    private static let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))

    private static let identity: Result<(SigningIdentity, pem: String), any Error> = Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("assertion-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "certificate",
            "-days",
            "2", "-subj", "/CN=modelapp",
        ]
        process.currentDirectoryURL = folder
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let key = try Data(contentsOf: folder.appendingPathComponent("key"))
        let certificate = try Data(contentsOf: folder.appendingPathComponent("certificate"))
        return (try SigningIdentity(SecretBytes(key + certificate)), String(decoding: certificate, as: UTF8.self))
    }

    private struct Question: Encodable {
        var token: String
        var certificate: String
        var audience: String
    }

    private struct Answer: Decodable {
        var alg: String
        var thumbprint: Bool
        var chain: Int
        var iss: String
        var sub: String
        var jti: String
        var life: Int
    }

    private static let oracle = PythonOracle(
        """
        import base64, json, sys, jwt
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        question = json.load(open(sys.argv[1]))
        certificate = x509.load_pem_x509_certificate(question["certificate"].encode())
        claims = jwt.decode(question["token"], certificate.public_key(), ["PS256"], audience=question["audience"])
        header = jwt.get_unverified_header(question["token"])
        print_ = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).decode().rstrip("=")
        leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
        json.dump({
            "alg": header["alg"], "thumbprint": header["x5t#S256"] == print_, "chain": len(header["x5c"]),
            "iss": claims["iss"], "sub": claims["sub"], "jti": claims["jti"], "life": claims["exp"] - claims["iat"],
        }, open(sys.argv[2], "w"))
        assert leaf == certificate
        """
    )

    @Test(.enabled(if: PythonOracle.isAvailable)) func anAssertionIsTakenByTheLibraryOfMicrosoftsClient() throws {
        let (identity, pem) = try Self.identity.get()
        let endpoint = "https://login.microsoftonline.com/t/oauth2/v2.0/token"
        let token = try ClientAssertion.make(for: "client", at: endpoint, by: identity, id: "one", now: Self.now)
        let answer = try Self.oracle.ask(
            Question(token: token.value, certificate: pem, audience: endpoint),
            Answer.self
        )
        #expect(answer.alg == "PS256" && answer.thumbprint && answer.chain == 1)
        #expect(answer.iss == "client" && answer.sub == "client" && answer.jti == "one" && answer.life == 600)
    }

    @Test func aCertificateIsSentAsASignedAssertionAndNeverItself() async throws {
        let (certificate, _) = try Self.identity.get()
        let cloud = Cloud { _, _ in .json(#"{"access_token":"token","expires_in":3599}"#) }
        let now = Self.now
        let channel = IdentityChannel(
            transport: cloud.transport,
            time: TimeSource(clock: cloud.clock, date: { now }),
            random: { 0.5 }
        )
        let identity = try AzureIdentity.certificate(certificate, tenant: "t", client: "c", name: "n")
        _ = try await EntraTokens(channel: channel).token(for: .storage, as: identity)
        let parts = try #require(cloud.form(0)["client_assertion"]).split(separator: ".").map(String.init)
        #expect(parts.count == 3)
        let signed = Array("\(parts[0]).\(parts[1])".utf8)
        let padded = parts[2].replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        let signature = try #require(
            Data(base64Encoded: padded + String(repeating: "=", count: (4 - padded.count % 4) % 4))
        )
        #expect(certificate.certificate.isValid(Array(signature), of: signed, .ps256))
        #expect(cloud.form(0)["client_secret"] == nil)
    }

    @Test func aCertificateOutsideItsTimeIsSaidBeforeAnythingIsSent() throws {
        let (identity, _) = try Self.identity.get()
        for (now, word) in [
            (identity.certificate.notAfter + .seconds(1), "ended"),
            (identity.certificate.notBefore - .seconds(1), "begins"),
        ] {
            do {
                _ = try ClientAssertion.make(for: "c", at: "https://e", by: identity, id: "1", now: now)
                Issue.record("it was signed")
            } catch { #expect(error.code == .configuration && error.message.contains(word)) }
        }
    }
}
