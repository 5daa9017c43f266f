import Artifacts
import JSON

extension TypeSchema {
    /// What decoding a document into a built-in type found.
    struct Decoding {
        /// Whether a zero `creationTimestamp` of embedded metadata is written as `null` (Go before `omitzero`).
        var writesNullTimestamps: Bool
        /// Members that the type does not declare, which are dropped.
        var unknown: [String] = []
        fileprivate var path: [String] = []

        init(writesNullTimestamps: Bool) { self.writesNullTimestamps = writesNullTimestamps }

        fileprivate var field: String {
            path.reduce(into: "") { text, step in text += text.isEmpty || step.hasPrefix("[") ? step : "." + step }
        }
    }

    /// A value that does not have the type's shape.
    struct Mismatch: Error {
        /// As Go's decoder words it.
        var message: String
    }

    /// `value` as the server stores it: unknown members dropped, empty values left out where Go's `omitempty` does,
    /// quantities and times in their canonical form.
    func decoded(_ value: JSONValue, _ decoding: inout Decoding) throws(Mismatch) -> JSONValue {
        switch (kind, value) {
        case (.any, _): return value
        case (.structure, .object(let members)): return .object(try decodedStructure(members, &decoding))
        case (.map, .object(let members)):
            guard let element else { return value }
            var result: [String: JSONValue] = [:]
            for (name, member) in members {
                decoding.path.append(name)
                // A null value of a map is the zero value of its type.
                if !member.isNull { result[name] = try element.decoded(member, &decoding) }
                decoding.path.removeLast()
            }
            return .object(result)
        case (.list, .array(let elements)):
            guard let element else { return value }
            var result: [JSONValue] = []
            result.reserveCapacity(elements.count)
            for (index, member) in elements.enumerated() {
                decoding.path.append("[\(index)]")
                result.append(member.isNull ? element.emptyValue : try element.decoded(member, &decoding))
                decoding.path.removeLast()
            }
            return .array(result)
        case (.string, .string), (.integer, .integer), (.boolean, .bool), (.number, .integer), (.number, .decimal),
            (.intOrString, .integer), (.intOrString, .string):
            return value
        case (.bytes, .string(let text)):
            guard [UInt8](base64: text) != nil else {
                throw Mismatch(message: "illegal base64 data at input byte 0 in field \(decoding.field)")
            }
            return value
        case (.quantity, .string(let text)): return try quantity(text)
        case (.quantity, .integer(let number)): return try quantity(String(number))
        case (.quantity, .decimal(let text)): return try quantity(text)
        case (.time, .string(let text)): return .string(try time(text).rfc3339)
        case (.microTime, .string(let text)): return .string(try microTime(text).rfc3339Micro)
        default:
            throw Mismatch(
                message:
                    "json: cannot unmarshal \(value.goKind) into Go struct field .\(decoding.field) of type \(goName)"
            )
        }
    }

    private func decodedStructure(
        _ members: [String: JSONValue],
        _ decoding: inout Decoding
    ) throws(Mismatch) -> [String: JSONValue] {
        var result: [String: JSONValue] = [:]
        for (name, member) in members {
            decoding.path.append(name)
            defer { decoding.path.removeLast() }
            guard let type = fields[name] else {
                decoding.unknown.append(decoding.field)
                continue
            }
            if member.isNull { continue }
            let value = try type.decoded(member, &decoding)
            if type.presence == .droppedIfEmpty, value.isEmpty { continue }
            result[name] = value
        }
        for (name, type) in fields where type.presence == .always && result[name] == nil {
            decoding.path.append(name)
            result[name] = type.kind == .list ? .null : try type.decoded(.object([:]), &decoding)
            decoding.path.removeLast()
        }
        if decoding.writesNullTimestamps, self.name == "ObjectMeta", result["creationTimestamp"] == nil {
            result["creationTimestamp"] = .null
        }
        return result
    }

    private func quantity(_ text: String) throws(Mismatch) -> JSONValue {
        guard let quantity = Quantity(text) else {
            throw Mismatch(
                message: "quantities must match the regular expression "
                    + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            )
        }
        return .string(quantity.text)
    }

    private func time(_ text: String) throws(Mismatch) -> Timestamp {
        guard let time = try? Timestamp(rfc3339: text) else {
            throw Mismatch(
                message: "parsing time \"\(text.prefix(64))\" as \"2006-01-02T15:04:05Z07:00\": cannot parse"
            )
        }
        return time
    }

    /// Go's layout `.000000` takes six digits, no fewer and no more.
    private func microTime(_ text: String) throws(Mismatch) -> Timestamp {
        let fraction = text.split(separator: ".", maxSplits: 1).dropFirst().first?.prefix { $0.isNumber }
        guard fraction?.count == 6 else {
            throw Mismatch(
                message: "parsing time \"\(text.prefix(64))\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse"
            )
        }
        return try time(text)
    }

    private var emptyValue: JSONValue {
        switch kind {
        case .structure, .map: .object([:])
        case .list: .array([])
        case .integer, .number: 0
        case .boolean: false
        case .string, .bytes: ""
        default: .null
        }
    }

    private var goName: String {
        switch kind {
        case .string, .time, .microTime: "string"
        case .integer: "int32"
        case .number: "float64"
        case .boolean: "bool"
        case .list: "[]" + (element?.goName ?? "")
        case .map: "map[string]" + (element?.goName ?? "")
        case .structure: name
        case .quantity: "resource.Quantity"
        case .intOrString: "intstr.IntOrString"
        case .bytes: "[]uint8"
        case .any: "interface {}"
        }
    }
}

extension JSONValue {
    /// Whether this is the zero value of its JSON type.
    var isEmpty: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .integer(let number): number == 0
        case .decimal: false
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        }
    }

    fileprivate var goKind: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .integer, .decimal: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// Whether the value is at most `depth` levels deep and has at most `nodes` values, counted down.
    func fits(depth: Int, nodes: inout Int) -> Bool {
        nodes -= 1
        guard nodes >= 0, depth >= 0 else { return false }
        switch self {
        case .array(let elements):
            for element in elements where !element.fits(depth: depth - 1, nodes: &nodes) { return false }
            return true
        case .object(let members):
            for member in members.values where !member.fits(depth: depth - 1, nodes: &nodes) { return false }
            return true
        default: return true
        }
    }

    /// Whether a patch left the value at a size that the server stores.
    var isStorable: Bool {
        var nodes = 500_000
        return fits(depth: JSONReader.maximumDepth - 2, nodes: &nodes)
    }

    /// The value at a path of member names.
    subscript(path names: String...) -> JSONValue? {
        var value = self
        for name in names {
            guard let member = value[name] else { return nil }
            value = member
        }
        return value
    }

    /// Changes the member called `name`, or an empty object that becomes it.
    mutating func edit(_ name: String, _ change: (inout JSONValue) -> Void) {
        guard case .object(var members) = self else { return }
        var member = members.removeValue(forKey: name) ?? .object([:])
        self = .null
        change(&member)
        members[name] = member
        self = .object(members)
    }

    /// Changes the member called `name` if there is one.
    mutating func editIfPresent(_ name: String, _ change: (inout JSONValue) -> Void) {
        if self[name] != nil { edit(name, change) }
    }

    /// Changes each element of the list called `name`.
    mutating func editEach(_ name: String, _ change: (inout JSONValue) -> Void) {
        guard let elements = self[name]?.array else { return }
        self[name] = .array(
            elements.map { element in
                var element = element
                change(&element)
                return element
            }
        )
    }

    /// Sets the member called `name` where there is none.
    mutating func setDefault(_ name: String, _ value: @autoclosure () -> JSONValue) {
        if self[name] == nil { self[name] = value() }
    }
}
