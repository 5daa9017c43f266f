import Artifacts
import HTTPTransport
import Synchronization

/// A bearer token in a file that somebody else replaces, such as a pod's service account token.
///
/// Read again once it is 50 s old, that is at least every minute with ten seconds to spare (client-go
/// `transport/token_source.go`), and after a 401. A file that cannot be read for a moment does not matter while there
/// is a token.
final class TokenFile: ClusterCredential, CustomStringConvertible {
    private static let maximumAge = Duration.seconds(50)

    private struct State {
        var token: String?
        var readAt: ContinuousClock.Instant?
    }

    private let path: String
    private let files: FileReader
    private let time: TimeSource
    private let advice: String
    private let state: Mutex<State>

    /// - Parameters:
    ///   - fallback: the token to use while the file cannot be read.
    ///   - advice: what to do where the file is missing.
    init(path: String, files: FileReader, time: TimeSource, fallback: String? = nil, advice: String = "") {
        self.path = path
        self.files = files
        self.time = time
        self.advice = advice
        state = Mutex(State(token: fallback))
    }

    func authorization() async throws(KubernetesError) -> String? { try header() }

    func invalidate() async { state.withLock { $0.readAt = nil } }

    /// The header's value.
    func header() throws(KubernetesError) -> String {
        let now = time.now
        let known = state.withLock { state -> String? in
            guard let token = state.token, let readAt = state.readAt, now - readAt < Self.maximumAge else { return nil }
            return token
        }
        if let known { return "Bearer " + known }
        let token: String
        do throws(KubernetesError) {
            token = try readToken()
        } catch {
            guard let old = state.withLock({ $0.token }) else { throw error }
            return "Bearer " + old
        }
        state.withLock { $0 = State(token: token, readAt: now) }
        return "Bearer " + token
    }

    private func readToken() throws(KubernetesError) -> String {
        guard let bytes = try files.read(path) else {
            throw KubernetesError(
                .configuration,
                "the token: there is no file \(path)" + (advice.isEmpty ? "" : "; \(advice)")
            )
        }
        let token = HeaderText.trimmed(bytes)
        guard !token.isEmpty else { throw KubernetesError(.configuration, "the token file \(path) is empty") }
        guard HeaderText.isSafe(token) else {
            throw KubernetesError(.configuration, "the token file \(path) holds more than one line or word")
        }
        return token
    }

    /// The path, never the token.
    var description: String { "token file \(path)" }
}

/// A user and password (RFC 7617).
struct BasicCredential: ClusterCredential, CustomStringConvertible {
    private let header: String

    init(username: String, password: String) {
        header = "Basic " + Base64.encode("\(username):\(password)".utf8)
    }

    func authorization() async throws(KubernetesError) -> String? { header }
    func invalidate() async {}
    var description: String { "<redacted>" }
}

/// Text that goes into a header.
enum HeaderText {
    /// Visible ASCII only: nothing that could end a header or split a token.
    static func isSafe(_ text: String) -> Bool { text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }

    /// The text without white space around it.
    static func trimmed(_ bytes: [UInt8]) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        var slice = bytes[...].drop(while: isSpace)
        while let last = slice.last, isSpace(last) { slice.removeLast() }
        return String(decoding: slice, as: UTF8.self)
    }
}
