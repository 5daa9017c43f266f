/// One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1).
public struct AuthenticationChallenge: Sendable, Hashable {
    /// The scheme in lower case: `bearer`, `basic`, `negotiate`.
    public var scheme: String
    /// The parameters, their names in lower case. Of two with one name the first counts.
    public var parameters: [String: String]
    /// The value of a scheme that takes one instead of parameters, such as `Negotiate`.
    public var token68: String?

    /// A challenge of its parts.
    public init(scheme: String, parameters: [String: String] = [:], token68: String? = nil) {
        self.scheme = scheme
        self.parameters = parameters
        self.token68 = token68
    }

    /// The longest header that is read, in bytes.
    public static let maximumHeaderLength = 16_384
    /// How many challenges and how many parameters of each are kept.
    public static let maximumCount = 32

    /// The challenges of one header field, which may hold several.
    ///
    /// Never fails: what stands before the first malformed challenge counts, the rest is ignored. Unquoted values may
    /// hold any visible byte but a comma or quote, because some registries send URLs so.
    public static func parse(_ header: String) -> [AuthenticationChallenge] {
        guard header.utf8.count <= maximumHeaderLength else { return [] }
        var scanner = HeaderScanner(header)
        var challenges: [AuthenticationChallenge] = []
        while challenges.count < maximumCount {
            scanner.skipSeparators()
            guard let scheme = scanner.token(), scanner.isAtEnd || scanner.isAtSpace || scanner.peek == comma else {
                break
            }
            var challenge = AuthenticationChallenge(scheme: scheme.lowercased())
            scanner.skipSpace()
            if let value = scanner.token68() {
                challenge.token68 = value
            } else if !challenge.readParameters(&scanner) {
                break
            }
            challenges.append(challenge)
        }
        return challenges
    }

    private static let comma = UInt8(ascii: ",")

    /// Reads parameters up to the next scheme; false where they are malformed.
    private mutating func readParameters(_ scanner: inout HeaderScanner) -> Bool {
        while true {
            scanner.skipSeparators()
            let start = scanner.index
            guard let name = scanner.token() else { return scanner.isAtEnd }
            scanner.skipSpace()
            guard scanner.take(UInt8(ascii: "=")) else {
                scanner.index = start
                return true
            }
            scanner.skipSpace()
            guard let value = scanner.value() else { return false }
            scanner.skipSpace()
            guard scanner.isAtEnd || scanner.peek == AuthenticationChallenge.comma else { return false }
            let key = name.lowercased()
            if parameters[key] == nil, parameters.count < AuthenticationChallenge.maximumCount {
                parameters[key] = value
            }
        }
    }
}
