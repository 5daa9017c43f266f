import Artifacts
import JSON

/// Turns Kubernetes' protobuf form of an object into the JSON form, which is what this server works on.
///
/// The form is `k8s\0` and a message `Unknown {typeMeta = 1 {apiVersion = 1, kind = 2}, raw = 2}` (apimachinery
/// `runtime/serializer/protobuf`). Go writes members that are empty too; typed decoding drops them as it does for JSON.
struct ProtobufDocument {
    /// Why a document cannot be taken.
    struct Refusal: Error {
        var message: String
    }

    /// The media type.
    static let mediaType = "application/vnd.kubernetes.protobuf"

    private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]
    /// Deeper messages are refused; Kubernetes' own types are less than half as deep.
    private static let maximumDepth = 32

    private let types = ProtobufTypes.kubernetes

    /// The object in `bytes` with its `apiVersion` and `kind`.
    ///
    /// Refuses what the table of types lacks, by name: leaving it out would change what the client asked for.
    static func json(_ bytes: [UInt8]) throws(Refusal) -> JSONValue {
        guard bytes.starts(with: magic) else {
            throw Refusal(message: "the body does not begin as Kubernetes' protobuf does")
        }
        do {
            return try ProtobufDocument().unwrapped(bytes.dropFirst(magic.count))
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Refusal(message: "the body is cut off or is no protobuf message")
        }
    }

    private func unwrapped(_ bytes: ArraySlice<UInt8>) throws -> JSONValue {
        var (apiVersion, kind) = ("", "")
        var raw: ArraySlice<UInt8> = []
        var envelope = ProtobufReader(bytes)
        while let field = try envelope.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let meta)):
                var reader = ProtobufReader(meta)
                while let field = try reader.next() {
                    guard case .bytes(let text) = field.value else { continue }
                    if field.number == 1 { apiVersion = String(decoding: text, as: UTF8.self) }
                    if field.number == 2 { kind = String(decoding: text, as: UTF8.self) }
                }
            case (2, .bytes(let content)): raw = content
            default: break
            }
        }
        var object = try message(raw, kind, depth: 0)
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kind)
        return .object(object)
    }

    private func message(_ bytes: ArraySlice<UInt8>, _ name: String, depth: Int) throws -> [String: JSONValue] {
        guard depth < ProtobufDocument.maximumDepth else { throw Refusal(message: "\(name) is nested too deeply") }
        guard let members = types[name] else {
            throw Refusal(message: "\(name) is not known here as protobuf; send it as JSON, for instance from a file")
        }
        var object: [String: JSONValue] = [:]
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            guard let member = members[field.number] else {
                throw Refusal(
                    message: "member \(field.number) of \(name) is not known here as protobuf; send it as JSON, "
                        + "for instance from a file"
                )
            }
            switch member.kind {
            case .list(let kind):
                let element = try value(field.value, kind, depth)
                object[member.name] = .array((object[member.name]?.array ?? []) + [element])
            case .map(let kind):
                let entry = try entry(field.value, kind, depth)
                var map = object[member.name]?.object ?? [:]
                map[entry.key] = entry.value
                object[member.name] = .object(map)
            default: object[member.name] = try value(field.value, member.kind, depth)
            }
        }
        return object
    }

    private func entry(
        _ value: ProtobufReader.Value,
        _ kind: ProtobufTypes.Kind,
        _ depth: Int
    ) throws -> (key: String, value: JSONValue) {
        guard case .bytes(let bytes) = value else { throw ProtobufReader.Malformed() }
        var key = ""
        var content = ProtobufReader.Value.bytes([])
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            if field.number == 1, case .bytes(let text) = field.value { key = String(decoding: text, as: UTF8.self) }
            if field.number == 2 { content = field.value }
        }
        return (key, try self.value(content, kind, depth))
    }

    private func value(_ value: ProtobufReader.Value, _ kind: ProtobufTypes.Kind, _ depth: Int) throws -> JSONValue {
        switch (kind, value) {
        case (.integer, .varint(let number)): return .integer(Int64(bitPattern: number))
        case (.boolean, .varint(let number)): return .bool(number != 0)
        case (.string, .bytes(let bytes)): return .string(String(decoding: bytes, as: UTF8.self))
        case (.bytes, .bytes(let bytes)): return .string(Array(bytes).base64)
        case (.quantity, .bytes(let bytes)): return .string(try text(bytes, field: 1))
        case (.time, .bytes(let bytes)): return try time(bytes)
        case (.intOrString, .bytes(let bytes)): return try intOrString(bytes)
        case (.message(let name), .bytes(let bytes)): return .object(try message(bytes, name, depth: depth + 1))
        default: throw ProtobufReader.Malformed()
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>, field number: Int) throws -> String {
        var reader = ProtobufReader(bytes)
        var found = ""
        while let field = try reader.next() {
            if field.number == number, case .bytes(let text) = field.value {
                found = String(decoding: text, as: UTF8.self)
            }
        }
        return found
    }

    /// `Time {seconds = 1, nanos = 2}`; an empty one is Go's zero time, null in JSON.
    private func time(_ bytes: ArraySlice<UInt8>) throws -> JSONValue {
        var reader = ProtobufReader(bytes)
        var seconds: Int64 = 0
        while let field = try reader.next() {
            if field.number == 1, case .varint(let number) = field.value { seconds = Int64(bitPattern: number) }
        }
        guard seconds != 0 else { return .null }
        return .string(Timestamp(seconds: seconds).rfc3339)
    }

    /// `IntOrString {type = 1, intVal = 2, strVal = 3}`, where type 1 is text.
    private func intOrString(_ bytes: ArraySlice<UInt8>) throws -> JSONValue {
        var reader = ProtobufReader(bytes)
        var (isText, number, text) = (false, Int64(0), "")
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .varint(let type)): isText = type == 1
            case (2, .varint(let value)): number = Int64(bitPattern: value)
            case (3, .bytes(let value)): text = String(decoding: value, as: UTF8.self)
            default: break
            }
        }
        return isText ? .string(text) : .integer(number)
    }
}
