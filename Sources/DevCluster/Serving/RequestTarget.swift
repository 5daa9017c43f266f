import HTTPTransport
import HTTPTypes

/// The path and query of a request, split and decoded once.
struct RequestTarget: Sendable {
    /// The path as it was sent, without the query: what signatures cover.
    let rawPath: String
    /// The query's names and values, decoded, in the order sent.
    let query: [(name: String, value: String)]

    /// Nil where a percent sign is not followed by two hexadecimal digits, or the target is not a path.
    init?(_ request: HTTPRequest) {
        guard let target = request.path, target.hasPrefix("/"), target.utf8.count <= 65_536 else { return nil }
        let mark = target.firstIndex(of: "?")
        rawPath = String(target[..<(mark ?? target.endIndex)])
        query = mark.flatMap { RequestTarget.form(target[target.index(after: $0)...]) } ?? []
    }

    /// The pairs of a query or of a posted form; nil where it is malformed. `+` stands for a space, as in a form.
    static func form(_ text: Substring) -> [(name: String, value: String)]? {
        var pairs: [(name: String, value: String)] = []
        for part in text.split(separator: "&") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = halves.map { half in
                HTTPURL.decode(String(decoding: half.utf8.map { $0 == 0x2B ? 0x20 : $0 }, as: UTF8.self))
            }
            guard let first = decoded.first, let name = first else { return nil }
            guard decoded.count > 1 else {
                pairs.append((name, ""))
                continue
            }
            guard let value = decoded[1] else { return nil }
            pairs.append((name, value))
        }
        return pairs
    }

    /// The first value called `name`.
    func value(_ name: String) -> String? { query.first { $0.name == name }?.value }

    /// All values called `name`.
    func values(_ name: String) -> [String] { query.filter { $0.name == name }.map(\.value) }

    /// Whether the query has `name`, with or without a value.
    func has(_ name: String) -> Bool { query.contains { $0.name == name } }

    /// A whole number of the query; nil if it is absent or is none.
    func number(_ name: String) -> Int? { value(name).flatMap { Int($0) } }
}
