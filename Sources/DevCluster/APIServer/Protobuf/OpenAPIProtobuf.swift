import JSON

/// Writes an OpenAPI v2 document as protobuf, the only form in which kubectl before 1.27 reads it (gnostic's
/// `OpenAPIv2.proto`), as far as kubectl looks: names, types, descriptions and Kubernetes' extensions.
enum OpenAPIProtobuf {
    /// The document in protobuf.
    static func bytes(of document: JSONValue) -> [UInt8] {
        var info = field(1, document["info"]?["title"]?.string ?? "")
        info += field(2, document["info"]?["version"]?.string ?? "")
        var definitions: [UInt8] = []
        for (name, schema) in sorted(document["definitions"]) { definitions += field(1, named(name, schema)) }
        return field(1, document["swagger"]?.string ?? "2.0") + field(2, info) + field(8, []) + field(9, definitions)
    }

    /// `Schema`: 1 $ref, 2 format, 4 description, 19 required, 21 additionalProperties, 22 type, 23 items,
    /// 25 properties, 31 extensions.
    private static func schema(_ json: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        if let text = json["$ref"]?.string { bytes += field(1, text) }
        if let text = json["format"]?.string { bytes += field(2, text) }
        if let text = json["description"]?.string { bytes += field(4, text) }
        for name in json["required"]?.array ?? [] { bytes += field(19, name.string ?? "") }
        if let values = json["additionalProperties"] { bytes += field(21, field(1, schema(values))) }
        if let type = json["type"]?.string { bytes += field(22, field(1, type)) }
        if let items = json["items"] { bytes += field(23, field(1, schema(items))) }
        if json["properties"] != nil {
            var properties: [UInt8] = []
            for (name, property) in sorted(json["properties"]) { properties += field(1, named(name, property)) }
            bytes += field(25, properties)
        }
        // An extension is a name and its value as YAML, of which JSON is a part.
        for (name, value) in sorted(json) where name.hasPrefix("x-") {
            bytes += field(31, field(1, name) + field(2, field(2, value.canonicalText)))
        }
        return bytes
    }

    private static func named(_ name: String, _ json: JSONValue) -> [UInt8] { field(1, name) + field(2, schema(json)) }

    private static func sorted(_ json: JSONValue?) -> [(key: String, value: JSONValue)] {
        (json?.object ?? [:]).sorted { $0.key < $1.key }
    }

    private static func field(_ number: UInt64, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    /// A field of bytes: its number with the wire type 2, the length, the bytes.
    private static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
