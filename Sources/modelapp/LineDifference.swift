/// What differs between two texts, line by line, in the unified form of diff(1).
struct LineDifference {
    /// A line of one text or of both.
    private enum Line {
        case both(String)
        case removed(String)
        case added(String)

        var isChange: Bool { if case .both = self { false } else { true } }

        var text: String {
            switch self {
            case .both(let line): " " + line
            case .removed(let line): "-" + line
            case .added(let line): "+" + line
            }
        }
    }

    private let lines: [Line]

    /// The difference from `old` to `new`.
    init(from old: String, to new: String) {
        let (before, after) = (LineDifference.lines(old), LineDifference.lines(new))
        var (removed, added): (Set<Int>, Set<Int>) = ([], [])
        for change in after.difference(from: before) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): added.insert(offset)
            }
        }
        var lines: [Line] = []
        var (left, right) = (0, 0)
        while left < before.count || right < after.count {
            if left < before.count, removed.contains(left) {
                lines.append(.removed(before[left]))
                left += 1
            } else if right < after.count, added.contains(right) {
                lines.append(.added(after[right]))
                right += 1
            } else {
                lines.append(.both(before[left]))
                left += 1
                right += 1
            }
        }
        self.lines = lines
    }

    /// Whether the texts are equal.
    var isEmpty: Bool { !lines.contains(where: \.isChange) }

    /// The changed lines with up to `context` lines around them; empty where nothing differs.
    func unified(context: Int = 3) -> [String] {
        var output: [String] = []
        var (index, old, new) = (0, 1, 1)
        while let first = lines[index...].firstIndex(where: \.isChange) {
            let start = max(index, first - context)
            // A hunk goes on while the next change is near enough for the contexts to touch.
            var end = first
            while let next = lines[end...].firstIndex(where: \.isChange), next - end <= 2 * context { end = next + 1 }
            let stop = min(lines.count, end + context)
            for line in lines[index..<start] where !line.isChange { (old, new) = (old + 1, new + 1) }
            let hunk = lines[start..<stop]
            let removed = hunk.count { if case .added = $0 { false } else { true } }
            let added = hunk.count { if case .removed = $0 { false } else { true } }
            output.append("@@ -\(removed == 0 ? old - 1 : old),\(removed) +\(added == 0 ? new - 1 : new),\(added) @@")
            output += hunk.map(\.text)
            (index, old, new) = (stop, old + removed, new + added)
        }
        return output
    }

    private static func lines(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}
