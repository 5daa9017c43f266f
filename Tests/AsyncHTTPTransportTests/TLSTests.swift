import AsyncHTTPTransport
import HTTPTransport
import HTTPTypes
import NIOSSL
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
    private func exchange(
        _ certificates: TestCertificates,
        _ settings: TransportSettings,
        asksForClient: Bool = false,
        host: String = "127.0.0.1"
    ) async throws -> Result<Answer, HTTPTransportError> {
        let context = try certificates.serverContext(asksForClient: asksForClient)
        let server = try await LoopbackServer.start(tls: context) { request in
            [.answer("200 OK", "", request.header("host") ?? "")]
        }
        // Where a failure were tried again until the connect limit, as AsyncHTTPClient does by itself, tests would see it.
        let pool = ClientPool(limits: ClientPool.Limits(connect: .seconds(30)))
        let transport = try pool.transport(settings)
        let result: Result<Answer, HTTPTransportError>
        do {
            result = .success(try await transport.answer(.get, "https://\(host):\(server.port)/a"))
        } catch let error as HTTPTransportError {
            result = .failure(error)
        }
        await pool.shutdown()
        await server.stop()
        return result
    }

    private func code(_ result: Result<Answer, HTTPTransportError>) -> HTTPTransportError.Code? {
        guard case .failure(let error) = result else { return nil }
        return error.code
    }

    @Test func namedAuthorityIsTrusted() async throws {
        let certificates = try TestCertificates(names: "IP:127.0.0.1")
        let settings = TransportSettings(trust: .roots(pem: certificates.authority))
        #expect(try await exchange(certificates, settings).get().response.status.code == 200)
    }

    @Test func unknownAuthorityIsRefusedAtOnceWithAdvice() async throws {
        let certificates = try TestCertificates(names: "IP:127.0.0.1")
        let other = try TestCertificates(names: "IP:127.0.0.1")
        for trust in [TLSTrust.system, .roots(pem: other.authority)] {
            let start = ContinuousClock.now
            guard case .failure(let error) = try await exchange(certificates, TransportSettings(trust: trust)) else {
                Issue.record("trusted")
                continue
            }
            #expect(error.code == .tls)
            #expect(error.message.contains("is not trusted") && error.message.contains("(CA)"))
            #expect(ContinuousClock.now - start < .seconds(20))
        }
    }

    @Test func certificateForAnotherNameIsRefused() async throws {
        let certificates = try TestCertificates(names: "DNS:api.internal")
        let settings = TransportSettings(trust: .roots(pem: certificates.authority))
        guard case .failure(let error) = try await exchange(certificates, settings) else {
            Issue.record("accepted")
            return
        }
        #expect(error.code == .tls)
        #expect(error.message.contains("is for another name"))
    }

    @Test func serverNameReplacesTheHostInTLSOnly() async throws {
        let certificates = try TestCertificates(names: "DNS:api.internal")
        let settings = TransportSettings(trust: .roots(pem: certificates.authority), serverName: "api.internal")
        let answer = try await exchange(certificates, settings).get()
        #expect(answer.text.hasPrefix("127.0.0.1:"))
    }

    @Test func insecureAcceptsAnything() async throws {
        let certificates = try TestCertificates(names: "DNS:other")
        #expect(try await exchange(certificates, TransportSettings(trust: .insecure)).get().response.status.code == 200)
    }

    @Test func clientCertificateIsShown() async throws {
        let certificates = try TestCertificates(names: "IP:127.0.0.1")
        let trust = TLSTrust.roots(pem: certificates.authority)
        let settings = TransportSettings(trust: trust, clientIdentity: certificates.identity)
        #expect(try await exchange(certificates, settings, asksForClient: true).get().response.status.code == 200)
        let without = try await exchange(certificates, TransportSettings(trust: trust), asksForClient: true)
        #expect(code(without) == .tls || code(without) == .closed)
    }

    @Test func silenceInTheHandshakeIsNoConnection() async throws {
        try await withServer { _ in
            []
        } _: { server, _ in
            let pool = ClientPool(limits: ClientPool.Limits(connect: .milliseconds(200)))
            // The handshake is no request, so the server only sees bytes; it answers to none of them.
            let certificates = try TestCertificates(names: "IP:127.0.0.1")
            let transport = try pool.transport(TransportSettings(trust: .roots(pem: certificates.authority)))
            let error = await transport.failure("https://127.0.0.1:\(server.port)/a")
            #expect(error?.code == .connect)
            await pool.shutdown()
        }
    }

    @Test func serverWithoutTLSIsRecognised() async throws {
        let pool = ClientPool()
        let plain = try await LoopbackServer.start(greeting: "HTTP/1.1 400 Bad Request\r\n\r\n") { _ in [] }
        let error = await (try pool.transport()).failure("https://127.0.0.1:\(plain.port)/a")
        #expect(error?.code == .tls)
        #expect(error?.message.contains("does not speak TLS") == true)
        await pool.shutdown()
        await plain.stop()
    }

    @Test func unreadableSettingsAreRefused() throws {
        let pool = ClientPool()
        let one = try TestCertificates(names: "DNS:a")
        let two = try TestCertificates(names: "DNS:b")
        let mixed = ClientIdentity(certificatePEM: one.certificate, keyPEM: two.key)
        for settings in [
            TransportSettings(trust: .roots(pem: Array("x".utf8))),
            TransportSettings(clientIdentity: ClientIdentity(certificatePEM: one.certificate, keyPEM: [])),
            TransportSettings(clientIdentity: ClientIdentity(certificatePEM: [], keyPEM: one.key)),
            TransportSettings(clientIdentity: mixed), TransportSettings(serverName: "127.0.0.1"),
            TransportSettings(serverName: "a b"),
        ] {
            #expect(throws: HTTPTransportError.self) { try pool.transport(settings) }
        }
    }
}
