public import JSON

/// A path to one value in a JSON document: `$.result[0].label['the name']`.
///
/// The part of RFC 9535 that names one value at most: no wildcard, no slice, no filter, no negative index. In quotes, `\'`,
/// `\"` and `\\` stand for themselves.
public struct JSONPath: Sendable, Hashable {
    private enum Step: Hashable {
        case member(String)
        case index(Int)
    }

    /// Why a text is no path.
    public struct ParseError: Error, Hashable, CustomStringConvertible {
        /// For people.
        public var description: String
    }

    private var steps: [Step] = []
    private static let maximumSteps = 64

    /// Parses a path.
    public init(_ text: String) throws(ParseError) {
        var rest = Array(text.unicodeScalars)[...]
        guard rest.popFirst() == "$" else { throw ParseError(description: "must begin with $") }
        while let first = rest.popFirst() {
            switch first {
            case ".": steps.append(.member(try Self.name(&rest)))
            case "[": steps.append(try Self.bracket(&rest))
            default: throw ParseError(description: "after $, a name or a value only .name, [0] or ['name'] may follow")
            }
        }
        guard steps.count <= Self.maximumSteps else {
            throw ParseError(description: "has more than \(Self.maximumSteps) steps")
        }
    }

    private static func name(_ rest: inout ArraySlice<Unicode.Scalar>) throws(ParseError) -> String {
        let name = rest.prefix { $0 != "." && $0 != "[" }
        rest = rest.dropFirst(name.count)
        let isPlain = name.allSatisfy {
            $0 == "_" || $0 == "-" || $0.value > 127 || $0.properties.isAlphabetic || isDigit($0)
        }
        guard isPlain, let first = name.first else { throw ParseError(description: "after a dot a name must follow") }
        guard !isDigit(first) else { throw ParseError(description: "an index stands in brackets, such as [0]") }
        return text(name)
    }

    private static func bracket(_ rest: inout ArraySlice<Unicode.Scalar>) throws(ParseError) -> Step {
        if let quote = rest.first, quote == "'" || quote == "\"" {
            rest = rest.dropFirst()
            var name: [Unicode.Scalar] = []
            while let next = rest.popFirst() {
                if next == quote {
                    guard rest.popFirst() == "]" else { throw ParseError(description: "a bracket is not closed") }
                    return .member(text(name))
                }
                if next == "\\" {
                    guard let escaped = rest.popFirst(), "'\"\\".unicodeScalars.contains(escaped) else {
                        throw ParseError(description: "after a backslash only a quote or a backslash may follow")
                    }
                    name.append(escaped)
                } else {
                    name.append(next)
                }
            }
            throw ParseError(description: "a quote is not closed")
        }
        let digits = rest.prefix(while: isDigit)
        rest = rest.dropFirst(digits.count)
        guard !digits.isEmpty, rest.popFirst() == "]" else {
            throw ParseError(description: "in brackets there must be an index or a name in quotes")
        }
        guard let index = Int(text(digits)) else { throw ParseError(description: "an index is too large") }
        return .index(index)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { (48...57).contains(scalar.value) }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    /// The value at the path; nil where `document` has none.
    public func value(in document: JSONValue) -> JSONValue? {
        var value: JSONValue? = document
        for step in steps {
            switch step {
            case .member(let name): value = value?.object?[name]
            case .index(let index):
                guard let elements = value?.array, elements.indices.contains(index) else { return nil }
                value = elements[index]
            }
        }
        return value
    }
}
