/// Which bytes of a representation a `Range` field asks for (RFC 9110, 14).
enum ByteRange: Sendable, Hashable {
    /// Everything: the field is absent, malformed, or asks for several parts, which a server may ignore.
    case whole
    /// These bytes.
    case part(Range<Int64>)
    /// None of them exist: status 416.
    case unsatisfiable

    /// What `field` asks for of `size` bytes.
    init(_ field: String?, size: Int64) {
        guard let field, field.hasPrefix("bytes="), !field.contains(",") else {
            self = .whole
            return
        }
        let bounds = field.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard bounds.count == 2 else {
            self = .whole
            return
        }
        func number(_ text: Substring) -> Int64? {
            text.utf8.allSatisfy { (48...57).contains($0) } ? Int64(text) : nil
        }
        if bounds[0].isEmpty {
            guard let count = number(bounds[1]) else {
                self = .whole
                return
            }
            self = count == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - count)..<size)
            return
        }
        guard let first = number(bounds[0]) else {
            self = .whole
            return
        }
        guard first < size else {
            self = .unsatisfiable
            return
        }
        if bounds[1].isEmpty {
            self = .part(first..<size)
        } else if let last = number(bounds[1]), last >= first {
            self = .part(first..<min(last, size - 1) + 1)
        } else {
            self = .whole
        }
    }
}
