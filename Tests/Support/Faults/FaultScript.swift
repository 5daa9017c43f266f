public import HTTPTypes

/// What goes wrong, with which requests and how often: a value that a test writes down and a failing seed prints.
public struct FaultScript: Sendable, CustomStringConvertible {
    /// One thing that goes wrong.
    public enum Fault: Sendable, Hashable {
        /// The connection ends after so many bytes of the body.
        case dropAfter(bytes: Int)
        /// The body arrives in chunks cut at random places.
        case split(seed: UInt64)
        /// The answer comes late.
        case delay(Duration)
        /// The head comes, and then nothing, for ever.
        case stall
        /// The body comes byte by byte, each after so long.
        case drip(Duration)
        /// Not even the head comes, for ever.
        case hang
        /// The server answers with a Status of its own: 401, 403, 429, 500, 503. `retryAfter` in seconds.
        case status(Int, reason: String, retryAfter: Int?)
        /// An expired version, as HTTP status.
        case gone
        /// An expired version, as an event inside a watch.
        case goneInStream
        /// Each event of a watch comes twice.
        case duplicateEvents
        /// The stream ends cleanly before anything came.
        case cleanClose
        /// The request is carried out, and its answer lost.
        case loseAnswer
        /// No connection at all.
        case refuse

        /// 429 with `Retry-After`.
        public static func tooManyRequests(retryAfter: Int) -> Fault {
            .status(429, reason: "TooManyRequests", retryAfter: retryAfter)
        }
        /// 500.
        public static let internalError = Fault.status(500, reason: "InternalError", retryAfter: nil)
        /// 503.
        public static let unavailable = Fault.status(503, reason: "ServiceUnavailable", retryAfter: nil)
        /// 401, as while a credential is stale.
        public static let unauthorized = Fault.status(401, reason: "Unauthorized", retryAfter: nil)
    }

    /// Which requests a fault is for.
    public struct Match: Sendable, CustomStringConvertible {
        private let text: String
        private let matches: @Sendable (HTTPRequest) -> Bool

        /// A predicate with its description.
        public init(_ text: String, _ matches: @escaping @Sendable (HTTPRequest) -> Bool) {
            self.text = text
            self.matches = matches
        }

        func callAsFunction(_ request: HTTPRequest) -> Bool { matches(request) }

        /// The description.
        public var description: String { text }

        /// Every request.
        public static let any = Match("any") { _ in true }
        /// Watches.
        public static let watch = Match("watch") { $0.path?.contains("watch=true") ?? false }
        /// Reads that are no watches.
        public static let read = Match("read") { $0.method == .get && !($0.path?.contains("watch=true") ?? false) }
        /// Everything that may change something.
        public static let write = Match("write") { $0.method != .get && $0.method != .head }

        /// Requests whose path or query contains `text`.
        public static func path(containing text: String) -> Match {
            Match("path ~ \(text)") { $0.path?.contains(text) ?? false }
        }

        /// Requests with this method.
        public static func method(_ method: HTTPRequest.Method) -> Match {
            Match(method.rawValue) { $0.method == method }
        }

        /// Requests that both match.
        public func and(_ other: Match) -> Match { Match("\(self) and \(other)") { self($0) && other($0) } }
    }

    struct Rule: Sendable {
        var match: Match
        var skip: Int
        var count: Int
        var fault: Fault
    }

    var rules: [Rule] = []

    /// Nothing goes wrong.
    public init() {}

    /// Adds a fault for the matching requests: the first `skip` of them are spared, the next `count` are hit. Of several
    /// rules that match a request the first that is not used up counts, the others do not see it.
    public func on(_ match: Match, skip: Int = 0, times count: Int = 1, _ fault: Fault) -> FaultScript {
        var script = self
        script.rules.append(Rule(match: match, skip: max(skip, 0), count: max(count, 0), fault: fault))
        return script
    }

    /// What the fault does.
    public var description: String {
        rules.map { "\($0.match) skip \($0.skip) times \($0.count): \($0.fault)" }.joined(separator: "; ")
    }

    /// The fault for `request`, which uses it up.
    mutating func fault(for request: HTTPRequest) -> Fault? {
        for index in rules.indices where rules[index].match(request) {
            if rules[index].skip > 0 {
                rules[index].skip -= 1
                return nil
            }
            if rules[index].count > 0 {
                rules[index].count -= 1
                return rules[index].fault
            }
        }
        return nil
    }
}
