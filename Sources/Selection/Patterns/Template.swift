/// What a filter extracts from a match: text with `$1`, `$name` and `${name}` in it, by the rules of Go's
/// `Regexp.Expand`, which Flux's `extract` uses.
///
/// A name after `$` is as long as possible (`$1x` is the group `1x`; write `${1}x`), and `$$` is a dollar sign. Where Go
/// substitutes nothing for a group that does not exist and takes a malformed `$` literally, this is an error. A
/// group that took no part in the match gives nothing.
public struct Template: Sendable, Hashable, CustomStringConvertible {
    private enum Part: Sendable, Hashable {
        case literal(String)
        case group(Int)
    }

    /// The longest source, in UTF-8 bytes.
    public static let maximumSourceBytes = 512

    /// The template as written.
    public let source: String
    private let parts: [Part]

    /// Compiles a template for matches of `pattern`. Throws code `.template` where it is malformed or names a group
    /// that the pattern lacks.
    public init(_ source: String, for pattern: Pattern) throws(SelectionError) {
        guard source.utf8.count <= Template.maximumSourceBytes else {
            throw SelectionError(.template, "the template is longer than \(Template.maximumSourceBytes) bytes")
        }
        let bytes = Array(source.utf8)
        let dollar = UInt8(ascii: "$")
        var parts: [Part] = []
        var index = 0
        while index < bytes.count {
            let start = index
            guard bytes[index] == dollar else {
                while index < bytes.count, bytes[index] != dollar { index += 1 }
                parts.append(.literal(String(decoding: bytes[start..<index], as: UTF8.self)))
                continue
            }
            index += 1
            if index < bytes.count, bytes[index] == dollar {
                parts.append(.literal("$"))
                index += 1
                continue
            }
            let isBraced = index < bytes.count && bytes[index] == UInt8(ascii: "{")
            if isBraced { index += 1 }
            let nameStart = index
            while index < bytes.count, Template.isWord(bytes[index]) { index += 1 }
            let name = String(decoding: bytes[nameStart..<index], as: UTF8.self)
            let isClosed = !isBraced || (index < bytes.count && bytes[index] == UInt8(ascii: "}"))
            guard !name.isEmpty, isClosed else {
                throw SelectionError(.template, "a $ without the name of a group ($$ is a dollar sign)", at: start)
            }
            if isBraced { index += 1 }
            parts.append(.group(try Template.group(name, of: pattern, at: start)))
        }
        self.source = source
        self.parts = parts
    }

    /// The template with what the groups of `match` took. The match must be one of the pattern it was compiled for.
    public func expand(_ match: Pattern.Match) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .group(let number): text += match[number] ?? ""
            }
        }
        return text
    }

    /// The source.
    public var description: String { source }

    private static func group(_ name: String, of pattern: Pattern, at position: Int) throws(SelectionError) -> Int {
        let isNumber = name.utf8.allSatisfy { (48...57).contains($0) } && (name == "0" || !name.hasPrefix("0"))
        if isNumber, let number = Int(name), number < pattern.groupNames.count { return number }
        if let number = pattern.groupNames.firstIndex(of: name) { return number }
        var hint = ""
        let digits = name.prefix { $0.isASCII && $0.isNumber }
        if !digits.isEmpty, digits.count < name.count {
            hint = " (for group \(digits) followed by text write ${\(digits)}\(name.dropFirst(digits.count)))"
        }
        throw SelectionError(.template, "the pattern has no group \(name.quoted)\(hint)", at: position)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
    }
}
