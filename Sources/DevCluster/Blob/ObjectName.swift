/// The name of an object: equal, ordered and hashed by its UTF-8, as blob stores do. Swift's own comparison would take
/// two spellings of one accented letter for the same name.
struct ObjectName: Sendable, Hashable, Comparable, CustomStringConvertible {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ObjectName, right: ObjectName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    static func < (left: ObjectName, right: ObjectName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }

    /// Whether it starts with the bytes of `prefix`.
    func hasPrefix(_ prefix: String) -> Bool { text.utf8.starts(with: prefix.utf8) }

    /// Whether it can be the path of a file below a folder, and is found again when the folder is listed.
    var isPath: Bool {
        text.utf8.count <= 1024 && !text.utf8.contains(0)
            && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
                !$0.isEmpty && !$0.hasPrefix(".") && $0.utf8.count <= 255
            }
    }

    var description: String { text }
}

/// One page of a list of names, rolled up at a delimiter: how both Azure and S3 list.
struct NameListing: Sendable {
    /// One line of the list.
    enum Line: Sendable, Hashable {
        case object(ObjectName)
        case prefix(String)

        /// What the next page starts after.
        var text: String {
            switch self {
            case .object(let name): name.text
            case .prefix(let prefix): prefix
            }
        }
    }

    private(set) var lines: [Line] = []
    /// Whether there are more after these.
    private(set) var isTruncated = false

    /// The first `limit` lines of `names`, which are sorted, that lie after `after`.
    /// - Parameters:
    ///   - after: the last line of the page before, or a name to start after. Names under a prefix that was a line
    ///     are left out.
    ///   - delimiter: rolls up names that have it after `prefix`; empty: none.
    init(of names: [ObjectName], prefix: String, delimiter: String, after: Line?, limit: Int) {
        for name in names where name.hasPrefix(prefix) {
            switch after {
            case .object(let last) where name == last || name < last: continue
            case .prefix(let last) where name.hasPrefix(last) || name < ObjectName(last): continue
            default: break
            }
            var line = Line.object(name)
            if !delimiter.isEmpty, let end = name.text.utf8.end(of: delimiter, from: prefix.utf8.count) {
                line = .prefix(String(decoding: name.text.utf8.prefix(end), as: UTF8.self))
            }
            if line == lines.last { continue }
            guard lines.count < limit else {
                isTruncated = true
                return
            }
            lines.append(line)
        }
    }
}

extension String.UTF8View {
    /// The offset after the first `needle` at or after `offset`.
    fileprivate func end(of needle: String, from offset: Int) -> Int? {
        let bytes = Array(self)
        let wanted = Array(needle.utf8)
        guard offset <= bytes.count - wanted.count else { return nil }
        for start in offset...bytes.count - wanted.count where bytes[start..<start + wanted.count].elementsEqual(wanted)
        {
            return start + wanted.count
        }
        return nil
    }
}
