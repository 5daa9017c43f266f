public import JSON

/// YAML as Kubernetes reads and writes it: a notation for JSON values.
///
/// Reading follows `sigs.k8s.io/yaml` (goyaml.v2), so that a file means here what it means to kubectl: plain `yes`,
/// `no`, `on`, `off`, `y` and `n` are booleans as in YAML 1.1, a leading `0` or `0o` makes an octal number, dates stay
/// strings, a key that is a number or a boolean becomes its text, and `<<` merges. Quoted scalars are always strings.
/// Stricter than kubectl: a key given twice and an unknown tag are errors, because both hide a mistake.
public enum YAML {
    /// Bounds on what is read.
    public struct Limits: Sendable, Hashable {
        /// The largest text, in bytes.
        public var bytes: Int
        /// How deep lists and maps may be nested.
        public var depth: Int
        /// How many bytes all aliases together may stand for: "billion laughs" stops here.
        public var aliasBytes: Int

        /// Limits of their parts.
        public init(bytes: Int = 16 << 20, depth: Int = 128, aliasBytes: Int = 4 << 20) {
            self.bytes = bytes
            self.depth = depth
            self.aliasBytes = aliasBytes
        }
    }

    /// All documents of a stream, in order; documents that hold nothing are left out, as kubectl does.
    public static func documents(
        _ bytes: [UInt8],
        limits: Limits = Limits()
    ) throws(YAMLError) -> [JSONValue] {
        guard bytes.count <= limits.bytes else {
            throw YAMLError("the text is larger than \(limits.bytes) bytes", line: 1, column: 1)
        }
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<[JSONValue], YAMLError> in
            Result { () throws(YAMLError) in
                var parser = try YAMLParser(buffer, limits: limits)
                defer { parser.close() }
                return try parser.documents()
            }
        }
        return try result.get()
    }

    /// The only document of a text; `null` where the text holds none. More than one is an error.
    public static func document(_ bytes: [UInt8], limits: Limits = Limits()) throws(YAMLError) -> JSONValue {
        let all = try documents(bytes, limits: limits)
        guard all.count <= 1 else {
            throw YAMLError("the text holds \(all.count) documents where one is expected", line: 1, column: 1)
        }
        return all.first ?? .null
    }
}
