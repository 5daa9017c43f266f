public import JSON

/// A kind of object and where an API server keeps it.
public struct APIResource: Sendable, Hashable, CustomStringConvertible {
    /// The API group; empty for the core group.
    public var group: String
    /// The version, such as `v1`.
    public var version: String
    /// The kind, such as `Deployment`.
    public var kind: String
    /// The plural that stands in URLs, such as `deployments`.
    public var plural: String
    /// Whether objects live in namespaces.
    public var isNamespaced: Bool

    /// A resource of its parts.
    public init(group: String, version: String, kind: String, plural: String, isNamespaced: Bool = true) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.isNamespaced = isNamespaced
    }

    /// `v1`, or `group/version`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// `plural`, or `plural.group`.
    public var description: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// The URL path of the collection, in one namespace or over all.
    public func path(namespace: String?) -> String {
        let root = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        guard let namespace, isNamespaced else { return "\(root)/\(plural)" }
        return "\(root)/namespaces/\(namespace)/\(plural)"
    }

    /// The URL path of one object, or of one of its subresources.
    public func path(_ key: ObjectKey, subresource: String? = nil) -> String {
        path(namespace: isNamespaced ? key.namespace : nil) + "/\(key.name)" + (subresource.map { "/" + $0 } ?? "")
    }
}

/// The name of an object within its kind.
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The namespace; empty for objects of the cluster.
    public var namespace: String
    /// The name.
    public var name: String

    /// A key of its parts.
    public init(namespace: String = "", name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// `namespace/name`, or `name`.
    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    /// Orders by namespace, then by name.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}

/// An object of the API server that has metadata.
public protocol KubernetesObject: APIObject {
    /// Where objects of this type live.
    static var resource: APIResource { get }
    /// The object's metadata.
    var metadata: ObjectMeta { get set }
}

extension KubernetesObject {
    /// The object's name within its kind.
    public var key: ObjectKey { ObjectKey(namespace: metadata.namespace, name: metadata.name) }

    /// The declared members with `apiVersion` and `kind`.
    public var document: JSONValue {
        var json = json
        json["apiVersion"] = .string(Self.resource.apiVersion)
        json["kind"] = .string(Self.resource.kind)
        return json
    }
}
