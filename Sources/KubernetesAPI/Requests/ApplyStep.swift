public import JSON

/// Who owns the fields of an apply (server-side apply, "managers").
public struct FieldManager: Sendable, Hashable, CustomStringConvertible {
    /// The name; constant over versions of the program.
    public let name: String

    /// A manager of that name.
    public init(_ name: String) { self.name = name }

    /// The name.
    public var description: String { name }
}

/// One server-side apply: the fields that are owned, all of them, and nothing else.
public struct ApplyStep: Sendable, Hashable {
    /// The kind of object.
    public var resource: APIResource
    /// Its name.
    public var key: ObjectKey
    /// The body without `apiVersion`, `kind` and the object's name, which are added when it is sent.
    public var body: JSONValue
    /// Only onto this state of the object, a 409 otherwise; nil where any will do. An object that is gone is made anew all
    /// the same, and `""` counts as nil (both seen on 1.20).
    public var resourceVersion: String?
    /// Takes fields from other managers. Always true for objects that the operator owns.
    public var forces: Bool
    /// `status` for the status subresource.
    public var subresource: String?

    /// An apply of its parts.
    public init(
        _ resource: APIResource,
        _ key: ObjectKey,
        _ body: JSONValue,
        resourceVersion: String? = nil,
        forces: Bool = true,
        subresource: String? = nil
    ) {
        self.resource = resource
        self.key = key
        self.body = body
        self.resourceVersion = resourceVersion
        self.forces = forces
        self.subresource = subresource
    }

    /// The canonical bytes that are sent.
    public var bytes: [UInt8] { document.canonicalBytes }

    /// The whole body.
    public var document: JSONValue {
        var document = body
        document["apiVersion"] = .string(resource.apiVersion)
        document["kind"] = .string(resource.kind)
        var metadata = body["metadata"] ?? .object([:])
        metadata["name"] = .string(key.name)
        if resource.isNamespaced { metadata["namespace"] = .string(key.namespace) }
        if let resourceVersion { metadata["resourceVersion"] = .string(resourceVersion) }
        document["metadata"] = metadata
        return document
    }
}
