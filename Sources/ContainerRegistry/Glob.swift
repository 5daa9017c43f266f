/// Go's `filepath.Match` for one label of a host name: `*`, `?`, `[a-z]`, `[^a-z]` and `\` before a character.
enum Glob {
    private enum Piece {
        case anything
        case one
        case literal(UInt8)
        case set([ClosedRange<UInt8>], negated: Bool)

        func takes(_ byte: UInt8) -> Bool {
            switch self {
            case .anything: false
            case .one: true
            case .literal(let wanted): wanted == byte
            case .set(let ranges, let negated): ranges.contains { $0.contains(byte) } != negated
            }
        }
    }

    /// Whether the whole of `text` fits `pattern`; a malformed pattern fits nothing. Needs at most n times m steps.
    static func matches(_ pattern: String, _ text: String) -> Bool {
        guard let pieces = pieces(Array(pattern.utf8)) else { return false }
        let bytes = Array(text.utf8)
        var piece = 0
        var index = 0
        // Where to go back to: the last star and the first byte it has not taken yet.
        var star: (piece: Int, index: Int)?
        while index < bytes.count {
            if piece < pieces.count, case .anything = pieces[piece] {
                star = (piece, index)
                piece += 1
            } else if piece < pieces.count, pieces[piece].takes(bytes[index]) {
                piece += 1
                index += 1
            } else if let last = star {
                star = (last.piece, last.index + 1)
                piece = last.piece + 1
                index = last.index + 1
            } else {
                return false
            }
        }
        return pieces[piece...].allSatisfy { if case .anything = $0 { true } else { false } }
    }

    private static func pieces(_ pattern: [UInt8]) -> [Piece]? {
        var pieces: [Piece] = []
        var rest = pattern[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*"): pieces.append(.anything)
            case UInt8(ascii: "?"): pieces.append(.one)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                pieces.append(.literal(escaped))
            case UInt8(ascii: "["):
                guard let set = set(&rest) else { return nil }
                pieces.append(set)
            default: pieces.append(.literal(byte))
            }
        }
        return pieces
    }

    private static func set(_ rest: inout ArraySlice<UInt8>) -> Piece? {
        func bound() -> UInt8? {
            guard let byte = rest.popFirst(), byte != UInt8(ascii: "-"), byte != UInt8(ascii: "]") else { return nil }
            return byte == UInt8(ascii: "\\") ? rest.popFirst() : byte
        }
        var ranges: [ClosedRange<UInt8>] = []
        let negated = rest.first == UInt8(ascii: "^")
        if negated { rest = rest.dropFirst() }
        while ranges.isEmpty || rest.first != UInt8(ascii: "]") {
            guard let low = bound() else { return nil }
            guard rest.first == UInt8(ascii: "-") else {
                ranges.append(low...low)
                continue
            }
            rest = rest.dropFirst()
            guard let high = bound() else { return nil }
            // An empty range such as [z-a] holds nothing, as in Go.
            if low <= high { ranges.append(low...high) } else if ranges.isEmpty { return nil }
        }
        rest = rest.dropFirst()
        return .set(ranges, negated: negated)
    }
}
