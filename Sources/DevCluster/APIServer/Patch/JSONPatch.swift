import JSON

/// A JSON patch (RFC 6902) with JSON pointers (RFC 6901).
struct JSONPatch: Sendable {
    /// More operations than an API server accepts (`MaxJSONPatchOperations`).
    static let maximumOperations = 10_000

    /// Why a patch cannot be applied.
    enum Failure: Error {
        /// The patch itself is malformed.
        case malformed(String)
        /// It does not fit the document, or a `test` failed.
        case inapplicable(String)
    }

    private struct Operation: Sendable {
        var name: String
        var path: [String]
        var from: [String]
        var value: JSONValue?
        var pathText: String
    }

    private let operations: [Operation]

    init(_ json: JSONValue) throws(Failure) {
        guard let elements = json.array else { throw .malformed("a JSON patch is an array") }
        guard elements.count <= JSONPatch.maximumOperations else {
            throw .malformed("more than \(JSONPatch.maximumOperations) operations")
        }
        var operations: [Operation] = []
        for element in elements {
            guard let name = element["op"]?.string, let path = element["path"]?.string else {
                throw .malformed("an operation needs op and path")
            }
            operations.append(
                Operation(
                    name: name,
                    path: try JSONPatch.pointer(path),
                    from: try JSONPatch.pointer(element["from"]?.string ?? ""),
                    value: element["value"],
                    pathText: path
                )
            )
        }
        self.operations = operations
    }

    /// The document with the patch applied: all of it or, where this throws, nothing.
    func applied(to document: JSONValue) throws(Failure) -> JSONValue {
        var result = document
        for operation in operations {
            try JSONPatch.apply(operation, to: &result)
            // A copy can double the document, so forty of them would be more than there is memory.
            if operation.name == "copy" || operation.name == "add", !result.isStorable {
                throw .inapplicable("the patched document is too large")
            }
        }
        return result
    }

    private static func apply(_ operation: Operation, to document: inout JSONValue) throws(Failure) {
        switch operation.name {
        case "add":
            document = try edit(document, operation.path[...], operation.pathText) { _ in operation.value ?? .null }
        case "replace":
            guard find(document, operation.path) != nil else { throw missing(operation) }
            document = try edit(document, operation.path[...], operation.pathText, replaces: true) { _ in
                operation.value ?? .null
            }
        case "remove":
            guard find(document, operation.path) != nil else { throw missing(operation) }
            document = try edit(document, operation.path[...], operation.pathText, replaces: true) { _ in nil }
        case "test":
            let found = find(document, operation.path)
            guard found ?? .null == operation.value ?? .null else {
                throw .inapplicable("testing value \(operation.pathText) failed")
            }
        case "move", "copy":
            guard let value = find(document, operation.from) else { throw missing(operation) }
            if operation.name == "move" {
                document = try edit(document, operation.from[...], operation.pathText, replaces: true) { _ in nil }
            }
            document = try edit(document, operation.path[...], operation.pathText) { _ in value }
        default: throw .inapplicable("Unexpected kind: \(operation.name)")
        }
    }

    private static func missing(_ operation: Operation) -> Failure {
        .inapplicable(
            "\(operation.name) operation does not apply: doc is missing path: \(operation.pathText): missing value"
        )
    }

    private static func pointer(_ text: String) throws(Failure) -> [String] {
        guard !text.isEmpty else { return [] }
        guard text.hasPrefix("/") else { throw .malformed("a JSON pointer starts with a slash: \(text)") }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { step in
            var bytes: [UInt8] = []
            var rest = Array(step.utf8)[...]
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "~"), let next = rest.first,
                    next == UInt8(ascii: "0") || next == UInt8(ascii: "1")
                {
                    bytes.append(next == UInt8(ascii: "0") ? UInt8(ascii: "~") : UInt8(ascii: "/"))
                    rest.removeFirst()
                } else {
                    bytes.append(byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private static func find(_ document: JSONValue, _ path: [String]) -> JSONValue? {
        var value = document
        for step in path {
            switch value {
            case .object(let members):
                guard let member = members[step] else { return nil }
                value = member
            case .array(let elements):
                guard let index = Int(step), elements.indices.contains(index) else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return value
    }

    /// The document with the value at `path` replaced by what `change` makes; nil removes it.
    private static func edit(
        _ document: JSONValue,
        _ path: ArraySlice<String>,
        _ text: String,
        replaces: Bool = false,
        _ change: (JSONValue?) -> JSONValue?
    ) throws(Failure) -> JSONValue {
        guard let step = path.first else { return change(document) ?? .null }
        let rest = path.dropFirst()
        switch document {
        case .object(var members):
            if rest.isEmpty {
                members[step] = change(members[step])
            } else {
                guard let member = members[step] else { throw .inapplicable("doc is missing path: \(text)") }
                members[step] = try edit(member, rest, text, replaces: replaces, change)
            }
            return .object(members)
        case .array(var elements):
            let isEnd = step == "-"
            guard let index = isEnd ? elements.count : Int(step), index >= 0, index <= elements.count,
                rest.isEmpty || index < elements.count
            else { throw .inapplicable("Unable to access invalid index: \(step): \(text)") }
            if !rest.isEmpty {
                elements[index] = try edit(elements[index], rest, text, replaces: replaces, change)
            } else if replaces {
                guard index < elements.count else { throw .inapplicable("Unable to access invalid index: \(step)") }
                if let value = change(elements[index]) { elements[index] = value } else { elements.remove(at: index) }
            } else if let value = change(nil) {
                elements.insert(value, at: index)
            }
            return .array(elements)
        default: throw .inapplicable("doc is missing path: \(text)")
        }
    }
}

extension JSONValue {
    /// This value with a merge patch (RFC 7386) applied.
    func merging(mergePatch patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members = object ?? [:]
        for (name, change) in changes {
            members[name] = change.isNull ? nil : (members[name] ?? .null).merging(mergePatch: change)
        }
        return .object(members)
    }
}
