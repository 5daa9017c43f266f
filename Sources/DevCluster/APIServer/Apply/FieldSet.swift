import JSON

/// A set of fields of an object (structured-merge-diff `fieldpath.Set`).
///
/// A field that is in the set does not bring its children along, nor do they bring it.
struct FieldSet: Sendable, Hashable {
    /// The fields at this level that are in the set.
    var members: Set<PathElement> = []
    /// Sets of fields below; never empty ones.
    var children: [PathElement: FieldSet] = [:]

    var isEmpty: Bool { members.isEmpty && children.isEmpty }

    /// Adds the field at `path`; the empty path, the whole object, is owned by nobody.
    mutating func insert(_ path: some BidirectionalCollection<PathElement>) {
        guard let first = path.first else { return }
        let rest = path.dropFirst()
        if rest.isEmpty { members.insert(first) } else { children[first, default: FieldSet()].insert(rest) }
    }

    /// Adds a set of fields below `element`.
    mutating func insert(_ below: FieldSet, below element: PathElement) {
        guard !below.isEmpty else { return }
        children[element] = children[element].map { $0.union(below) } ?? below
    }

    func contains(_ path: some BidirectionalCollection<PathElement>) -> Bool {
        guard let first = path.first else { return false }
        let rest = path.dropFirst()
        return rest.isEmpty ? members.contains(first) : children[first]?.contains(rest) ?? false
    }

    func union(_ other: FieldSet) -> FieldSet {
        FieldSet(
            members: members.union(other.members),
            children: children.merging(other.children) { $0.union($1) }
        )
    }

    func intersection(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(members: members.intersection(other.members))
        for (element, child) in children {
            if let match = other.children[element] { result.insert(child.intersection(match), below: element) }
        }
        return result
    }

    /// What is in this set and not in `other`. A parent in `other` takes no child away, nor the reverse.
    func difference(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(members: members.subtracting(other.members))
        for (element, child) in children {
            result.insert(other.children[element].map { child.difference($0) } ?? child, below: element)
        }
        return result
    }

    /// As `difference`, but a field in `other` takes its children away too.
    func recursiveDifference(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(members: members.subtracting(other.members))
        for (element, child) in children where !other.members.contains(element) {
            result.insert(other.children[element].map { child.recursiveDifference($0) } ?? child, below: element)
        }
        return result
    }

    /// The fields below `element`.
    subscript(element: PathElement) -> FieldSet { children[element] ?? FieldSet() }

    /// Every field's path, members of a level before what lies below them.
    var paths: [[PathElement]] {
        var paths: [[PathElement]] = []
        collect([], &paths)
        return paths
    }

    private func collect(_ prefix: [PathElement], _ paths: inout [[PathElement]]) {
        for element in members.sorted() { paths.append(prefix + [element]) }
        for (element, child) in children.sorted(by: { $0.key < $1.key }) { child.collect(prefix + [element], &paths) }
    }
}

extension FieldSet {
    /// The set as `FieldsV1`.
    var json: JSONValue {
        var object: [String: JSONValue] = [:]
        for element in members { object[element.encoded] = .object([:]) }
        for (element, child) in children {
            var below = child.json
            if members.contains(element) { below["."] = .object([:]) }
            object[element.encoded] = below
        }
        return .object(object)
    }

    /// The set that `FieldsV1` stands for; steps of unknown kinds are dropped.
    init(json: JSONValue) {
        for (name, value) in json.object ?? [:] {
            guard name != ".", let element = PathElement(encoded: name) else { continue }
            let below = value.object ?? [:]
            if below.isEmpty || below["."] != nil { members.insert(element) }
            insert(FieldSet(json: value), below: element)
        }
    }
}
