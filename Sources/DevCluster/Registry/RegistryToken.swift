import Artifacts
import Crypto
import JSON

/// A registry's token: a JSON web token signed with the registry's own key (HS256).
struct RegistryToken: Sendable {
    /// What a token is good for.
    enum Purpose: String, Sendable {
        case access
        case refresh
    }

    /// A permission on one repository, as the distribution token specification writes it.
    struct Scope: Sendable, Hashable {
        var repository: String
        var actions: Set<String>

        init(_ repository: String, _ actions: Set<String>) {
            self.repository = repository
            self.actions = actions
        }

        /// Parses `repository:name:pull,push`; nil for another type.
        init?(_ text: String) {
            guard text.hasPrefix("repository:"), let colon = text.lastIndex(of: ":") else { return nil }
            let start = text.index(text.startIndex, offsetBy: 11)
            guard colon > start else { return nil }
            repository = String(text[start..<colon])
            actions = Set(text[text.index(after: colon)...].split(separator: ",").map(String.init))
        }

        var description: String { "repository:\(repository):\(actions.sorted().joined(separator: ","))" }
    }

    var purpose: Purpose
    var subject: String
    var expires: Timestamp
    var scopes: [Scope]

    /// Whether it permits `scope` in full.
    func permits(_ scope: Scope) -> Bool {
        scopes.contains {
            $0.repository == scope.repository && ($0.actions.contains("*") || $0.actions.isSuperset(of: scope.actions))
        }
    }

    private static let header = Array(#"{"alg":"HS256","typ":"JWT"}"#.utf8).base64URL

    /// The signed text.
    func signed(with key: SymmetricKey, service: String, issued: Timestamp) -> String {
        let claims: JSONValue = [
            "iss": .string(service), "aud": .string(service), "sub": .string(subject),
            "grant_type": .string(purpose == .refresh ? "refresh_token" : "access_token"),
            "iat": .integer(issued.seconds), "nbf": .integer(issued.seconds), "exp": .integer(expires.seconds),
            "access": .array(
                scopes.map { scope in
                    [
                        "type": "repository", "name": .string(scope.repository),
                        "actions": .array(scope.actions.sorted().map { .string($0) }),
                    ]
                }
            ),
        ]
        let text = RegistryToken.header + "." + claims.canonicalBytes.base64URL
        return text + "." + HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key).map { $0 }.base64URL
    }

    /// Reads a token; nil where it is malformed, of another registry, or past its end at `now`.
    init?(_ text: String, key: SymmetricKey, now: Timestamp) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = [UInt8](base64URL: parts[2]),
            HMAC<SHA256>.isValidAuthenticationCode(
                signature,
                authenticating: Array("\(parts[0]).\(parts[1])".utf8),
                using: key
            ),
            let bytes = [UInt8](base64URL: parts[1]), let claims = try? JSONValue(parsing: bytes),
            let end = claims["exp"]?.integer, end > now.seconds, let subject = claims["sub"]?.string
        else { return nil }
        purpose = claims["grant_type"]?.string == "refresh_token" ? .refresh : .access
        self.subject = subject
        expires = Timestamp(seconds: end)
        scopes = (claims["access"]?.array ?? []).compactMap { access in
            guard let name = access["name"]?.string, let actions = access["actions"]?.array else { return nil }
            return Scope(name, Set(actions.compactMap(\.string)))
        }
    }

    init(_ purpose: Purpose, subject: String, expires: Timestamp, scopes: [Scope]) {
        self.purpose = purpose
        self.subject = subject
        self.expires = expires
        self.scopes = scopes
    }
}
