import Artifacts
import Crypto
import HTTPTransport
import HTTPTypes
import Synchronization
import TestSupport

@testable import ContainerRegistry

/// A client over a transport that answers from a closure, on a clock that stands still.
struct TestRegistry {
    let transport: FakeTransport
    let clock = TestClock()
    var client: RegistryClient

    init(
        keyring: RegistryKeyring = RegistryKeyring(),
        hosts: [String: RegistryHostOptions] = [:],
        limits: RegistryLimits = RegistryLimits(),
        retry: HTTPRetry = .never,
        _ answer: @escaping @Sendable (HTTPRequest, [UInt8]) async throws -> FakeTransport.Answer
    ) {
        transport = FakeTransport(answer)
        client = RegistryClient(
            transport: transport,
            time: clock.timeSource(),
            keyring: keyring,
            hosts: hosts,
            limits: limits,
            retry: retry,
            random: { 0 }
        )
    }

    /// What was sent, as `METHOD origin/target`.
    var log: [String] { transport.exchanges.map(\.request.line) }
    /// The authorization of each request; nil where there was none.
    var authorizations: [String?] { transport.exchanges.map { $0.request.headerFields[.authorization] } }
}

extension HTTPRequest {
    var line: String { "\(method.rawValue) \(scheme ?? "")://\(authority ?? "")\(path ?? "")" }
    var bare: String { String((path ?? "").prefix { $0 != "?" }) }
    func query(_ name: String) -> String? {
        guard let mark = path?.firstIndex(of: "?"), let path else { return nil }
        for pair in path[path.index(after: mark)...].split(separator: "&") where pair.hasPrefix(name + "=") {
            return String(pair.dropFirst(name.count + 1))
        }
        return nil
    }
}

extension FakeTransport.Answer {
    static func json(_ text: String, _ headers: HTTPFields = [:]) -> Self {
        var headers = headers
        if headers[.contentType] == nil { headers[.contentType] = "application/json" }
        return Self(200, headers, text)
    }
    static func challenge(_ value: String, status: Int = 401) -> Self { Self(status, [.wwwAuthenticate: value], "") }
}

/// A counter that closures may share.
final class Counter: Sendable {
    private let count = Mutex(0)
    @discardableResult func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
    var value: Int { count.withLock { $0 } }
}

extension RegistryKeyring {
    static func basic(_ host: String, _ user: String = "ann", _ password: String = "s3cret") -> RegistryKeyring {
        var keyring = RegistryKeyring()
        keyring.add(.basic(username: user, password: SecretText(password)), for: host)
        return keyring
    }
}

func sha256(_ text: String) -> Artifacts.Digest {
    guard let digest = Artifacts.Digest(bytes: Array(SHA256.hash(data: Array(text.utf8)))) else {
        preconditionFailure("a sha256 has 32 bytes")
    }
    return digest
}

func reference(_ text: String) throws -> ImageReference { try ImageReference(text) }

/// What a call throws; nil where it succeeds.
func failure<Value>(_ body: () async throws -> Value) async -> RegistryError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? RegistryError ?? RegistryError(.transport, "not a registry error: \(error)")
    }
}
