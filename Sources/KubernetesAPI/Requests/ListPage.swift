public import JSON

/// One page of a list.
///
/// An element that does not decode does not spoil the page: it is reported with its metadata (kube-rs
/// `DeserializeGuard`).
public struct ListPage<Object: KubernetesObject>: Sendable {
    /// The objects, in the server's order.
    public var items: [Object]
    /// Elements that do not decode.
    public var undecodable: [UndecodableObject]
    /// The version of the list.
    public var resourceVersion: String
    /// The token of the next page; nil on the last.
    public var continueToken: String?

    /// A page of its parts.
    public init(
        items: [Object],
        undecodable: [UndecodableObject] = [],
        resourceVersion: String,
        continueToken: String? = nil
    ) {
        self.items = items
        self.undecodable = undecodable
        self.resourceVersion = resourceVersion
        self.continueToken = continueToken
    }

    /// Reads a list answer. Throws where it is not a list at all.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        self.init(items: [], resourceVersion: "")
        var reader = JSONReader(bytes)
        var sawItems = false
        try reader.readObject { reader, key throws(JSONError) in
            if key.equals("items") {
                sawItems = true
                if try reader.readNull() { return }
                try reader.readArray { reader, _ throws(JSONError) in
                    switch try UndecodableObject.decode(Object.self, bytes, &reader) {
                    case .success(let object): items.append(object)
                    case .failure(let object): undecodable.append(object)
                    }
                }
            } else if key.equals("metadata") {
                let metadata = try JSONValue.read(from: &reader)
                resourceVersion = metadata["resourceVersion"]?.string ?? ""
                continueToken = metadata["continue"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            } else {
                try reader.skip()
            }
        }
        try reader.finish()
        guard sawItems else { throw JSONError("the answer is not a list: it has no items") }
    }
}

/// An object that could not be decoded, with what is known of it.
public struct UndecodableObject: Error, Sendable, Hashable {
    /// Its metadata, as far as that could be read.
    public var metadata: ObjectMeta
    /// Why it could not be decoded.
    public var reason: String

    /// An undecodable object.
    public init(metadata: ObjectMeta, reason: String) {
        self.metadata = metadata
        self.reason = reason
    }

    /// Reads the next value, which is consumed in any case. Throws where it is not JSON.
    static func decode<Object: KubernetesObject>(
        _ type: Object.Type,
        _ bytes: [UInt8],
        _ reader: inout JSONReader
    ) throws(JSONError) -> Result<Object, UndecodableObject> {
        let start = reader
        do throws(JSONError) {
            return .success(try Object.read(from: &reader))
        } catch {
            reader = start
            let range = try reader.readRange()
            return .failure(UndecodableObject(metadata: metadata(bytes, range), reason: error.description))
        }
    }

    static func decode<Object: KubernetesObject>(
        _ type: Object.Type,
        _ bytes: [UInt8],
        _ range: Range<Int>
    ) -> Result<Object, UndecodableObject> {
        var reader = JSONReader(bytes, range: range)
        do throws(JSONError) {
            return .success(try Object.read(from: &reader))
        } catch {
            return .failure(UndecodableObject(metadata: metadata(bytes, range), reason: error.description))
        }
    }

    private static func metadata(_ bytes: [UInt8], _ range: Range<Int>) -> ObjectMeta {
        var reader = JSONReader(bytes, range: range)
        guard let value = try? JSONValue.read(from: &reader), let metadata = value["metadata"] else {
            return ObjectMeta()
        }
        if let complete = try? ObjectMeta(json: metadata) { return complete }
        var partial = ObjectMeta()
        partial.name = metadata["name"]?.string ?? ""
        partial.namespace = metadata["namespace"]?.string ?? ""
        partial.uid = metadata["uid"]?.string ?? ""
        partial.resourceVersion = metadata["resourceVersion"]?.string ?? ""
        return partial
    }
}
