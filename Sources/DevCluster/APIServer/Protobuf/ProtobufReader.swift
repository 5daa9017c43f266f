/// Reads the fields of one protobuf message (protobuf.dev, "Encoding"). Everything is bounds-checked: the bytes come
/// from a client.
struct ProtobufReader {
    /// A field's value as it lies on the wire.
    enum Value {
        /// A whole number, a Boolean or an enumeration.
        case varint(UInt64)
        /// Text, bytes or a message.
        case bytes(ArraySlice<UInt8>)
        /// Four or eight bytes, of which Kubernetes' types have none but floating-point numbers.
        case fixed(UInt64)
    }

    /// The bytes are no protobuf message.
    struct Malformed: Error {}

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field's number and value; nil at the end.
    mutating func next() throws(Malformed) -> (number: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let key = try varint()
        guard let number = Int(exactly: key >> 3), number > 0 else { throw Malformed() }
        switch key & 7 {
        case 0: return (number, .varint(try varint()))
        case 1: return (number, .fixed(try fixed(8)))
        case 2:
            guard let count = Int(exactly: try varint()), count <= rest.count else { throw Malformed() }
            defer { rest = rest.dropFirst(count) }
            return (number, .bytes(rest.prefix(count)))
        case 5: return (number, .fixed(try fixed(4)))
        default: throw Malformed()
        }
    }

    private mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            // The tenth byte holds the last bit.
            guard shift < 63 || byte <= 1 else { throw Malformed() }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
            guard shift <= 63 else { throw Malformed() }
        }
        throw Malformed()
    }

    private mutating func fixed(_ count: Int) throws(Malformed) -> UInt64 {
        guard rest.count >= count else { throw Malformed() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
