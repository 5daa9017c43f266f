/// The names of an object's members, laid out for a fast search.
public struct MemberNames: Sendable {
    private let bytes: [UInt8]
    /// Where each name starts in `bytes`, and where the last one ends.
    private let bounds: [Int]

    /// The names in the order in which they are expected.
    public init(_ names: [String]) {
        var bytes: [UInt8] = []
        var bounds = [0]
        for name in names {
            bytes.append(contentsOf: name.utf8)
            bounds.append(bytes.count)
        }
        self.bytes = bytes
        self.bounds = bounds
    }

    /// How many names there are.
    public var count: Int { bounds.count - 1 }

    /// The index of the name that `key` is, nil if it is none. Looks at `start` first, then behind it, then before it:
    /// writers keep an order, so the next name is usually just behind the last one.
    public func index(of key: JSONReader.Key, from start: Int) -> Int? {
        let start = min(max(start, 0), count)
        for index in start..<count where matches(key, index) { return index }
        for index in 0..<start where matches(key, index) { return index }
        return nil
    }

    private func matches(_ key: JSONReader.Key, _ index: Int) -> Bool {
        let range = bounds[index]..<bounds[index + 1]
        if let unescaped = key.unescaped { return unescaped.utf8.elementsEqual(bytes[range]) }
        guard key.range.count == range.count else { return false }
        let (ours, theirs) = (bytes.span, key.bytes.span)
        var position = key.range.lowerBound
        for own in range {
            if ours[own] != theirs[position] { return false }
            position += 1
        }
        return true
    }
}
