import JSON

/// Where a member lies in its struct.
///
/// Setting through a key path costs several times what reading the member's JSON does. For a stored property the
/// standard library tells its offset (`MemoryLayout.offset(of:)`); anything else goes through the key path.
struct MemberPlace<Root: Sendable, Value: Sendable>: Sendable {
    private let path: any WritableKeyPath<Root, Value> & Sendable
    private let offset: Int?

    init(_ path: any WritableKeyPath<Root, Value> & Sendable) {
        self.path = path
        offset = MemoryLayout<Root>.offset(of: path)
    }

    func value(in root: Root) -> Value {
        guard let offset else { return root[keyPath: path] }
        return withUnsafePointer(to: root) { root in
            (UnsafeRawPointer(root) + offset).assumingMemoryBound(to: Value.self).pointee
        }
    }

    /// - Parameter root: the address of a `Root` that nobody else accesses meanwhile.
    func set(_ value: Value, in root: UnsafeMutableRawPointer) {
        guard let offset else {
            root.assumingMemoryBound(to: Root.self).pointee[keyPath: path] = value
            return
        }
        (root + offset).assumingMemoryBound(to: Value.self).pointee = value
    }
}

/// The reading half of a field table.
///
/// Not generic, because decoding is the operator's start: code over a generic root asks the runtime for the type of
/// each closure it calls, a tenth of the whole. The root is passed by address; `FieldTable` alone makes and calls this,
/// with the root that its fields are of.
struct MemberReaders: Sendable {
    typealias Reader = @Sendable (inout JSONReader, UnsafeMutableRawPointer) throws(JSONError) -> Void

    private let names: [String]
    private let index: MemberNames
    private let readers: [Reader]
    private let required: [Int]

    init(_ members: [(name: String, isRequired: Bool, read: Reader)]) {
        names = members.map { $0.name }
        index = MemberNames(names)
        readers = members.map { $0.read }
        required = members.indices.filter { members[$0].isRequired }
    }

    /// Reads the members of the object that comes next into the root at that address.
    func read(from reader: inout JSONReader, into root: UnsafeMutableRawPointer) throws(JSONError) {
        let start = reader.offset
        var seen: UInt64 = 0
        var cursor = 0
        try reader.readObject { reader, key throws(JSONError) in
            guard let member = index.index(of: key, from: cursor) else { return try reader.skip() }
            cursor = member + 1
            if try reader.readNull() { return }
            seen |= 1 << UInt64(member & 63)
            do throws(JSONError) {
                try readers[member](&reader, root)
            } catch {
                throw error.inside(names[member])
            }
        }
        for member in required where seen & 1 << UInt64(member & 63) == 0 {
            throw JSONError("is required", offset: start, path: [names[member]])
        }
    }
}
