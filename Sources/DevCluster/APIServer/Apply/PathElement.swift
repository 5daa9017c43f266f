import JSON

/// One step of a path into an object, as field managers own it (structured-merge-diff `fieldpath.PathElement`).
enum PathElement: Sendable, Hashable, Comparable {
    /// A member.
    case field(String)
    /// The element of a keyed list with these values of its key members.
    case key([String: JSONValue])
    /// The element of a set.
    case value(JSONValue)
    /// The element at a position.
    case index(Int)

    /// The step in `FieldsV1`: `f:name`, `k:{"name":"app"}`, `v:"x"`, `i:0`.
    var encoded: String {
        switch self {
        case .field(let name): "f:" + name
        case .key(let members): "k:" + JSONValue.object(members).canonicalText
        case .value(let value): "v:" + value.canonicalText
        case .index(let index): "i:\(index)"
        }
    }

    /// Nil for a kind of step that is not known: such steps are dropped, as the original does.
    init?(encoded text: String) {
        let content = String(text.dropFirst(2))
        switch text.prefix(2) {
        case "f:": self = .field(content)
        case "k:":
            guard case .object(let members)? = try? JSONValue(parsing: content) else { return nil }
            self = .key(members)
        case "v:":
            guard let value = try? JSONValue(parsing: content) else { return nil }
            self = .value(value)
        case "i:":
            guard let index = Int(content) else { return nil }
            self = .index(index)
        default: return nil
        }
    }

    /// The step in messages: `.name`, `[name="app"]`, `[="x"]`, `[0]`.
    var text: String {
        switch self {
        case .field(let name): "." + name
        case .key(let members):
            "["
                + members.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.canonicalText)" }
                .joined(separator: ",") + "]"
        case .value(let value): "[=\(value.canonicalText)]"
        case .index(let index): "[\(index)]"
        }
    }

    private var rank: Int {
        switch self {
        case .field: 0
        case .key: 1
        case .value: 2
        case .index: 3
        }
    }

    /// Fields before keys before values before positions.
    static func < (left: PathElement, right: PathElement) -> Bool {
        if case .index(let first) = left, case .index(let second) = right { return first < second }
        return (left.rank, left.encoded) < (right.rank, right.encoded)
    }
}
