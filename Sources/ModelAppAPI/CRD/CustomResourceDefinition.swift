public import JSON
public import KubernetesAPI

/// The CustomResourceDefinition of ModelApp, made from the Swift types.
public enum ModelAppDefinition {
    /// The whole document.
    public static var document: JSONValue {
        let resource = ModelApp.resource
        return [
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": [
                "name": .string("\(resource.plural).\(resource.group)"),
                // The objects would go with their definition: an uninstalled chart must not delete applications.
                "annotations": ["helm.sh/resource-policy": "keep"],
            ],
            "spec": [
                "group": .string(resource.group),
                "scope": "Namespaced",
                "names": [
                    "kind": .string(resource.kind),
                    "listKind": .string(resource.kind + "List"),
                    "plural": .string(resource.plural),
                    "singular": "modelapp",
                    "shortNames": ["ma"],
                    "categories": ["all"],
                ],
                "versions": [
                    [
                        "name": .string(resource.version),
                        "served": true,
                        "storage": true,
                        "subresources": ["status": .object([:])],
                        "additionalPrinterColumns": .array(columns),
                        "schema": ["openAPIV3Schema": published.json],
                    ]
                ],
            ],
        ]
    }

    /// The schema as the definition carries it. A server has a schema of its own for metadata: a definition may limit the
    /// name, and must say nothing else, not even a description.
    private static var published: OpenAPISchema {
        var schema = schema
        schema.properties["metadata"]?.preservesUnknownFields = false
        schema.properties["metadata"]?.description = ""
        return schema
    }

    /// The structural schema of a whole object: that of the type, with the metadata's name limited, the rest of the
    /// metadata as it is, and the status defaulted.
    public static var schema: OpenAPISchema {
        var schema = ModelApp.schema
        var name = OpenAPISchema(.string)
        name.description = "The object's name. Owned objects carry it too, with suffixes."
        name.maxLength = 46
        // Owned objects carry the name with a suffix of up to 17 characters.
        name.pattern = namePattern
        var metadata = OpenAPISchema(.object)
        metadata.description = "Standard object metadata."
        metadata.properties = ["name": name]
        metadata.preservesUnknownFields = true
        schema.properties["metadata"] = metadata
        for (name, description) in [
            ("apiVersion", "The version of this schema: \(ModelApp.resource.apiVersion)."),
            ("kind", "The kind of object: \(ModelApp.resource.kind)."),
        ] {
            var text = OpenAPISchema(.string)
            text.description = description
            text.maxLength = 64
            schema.properties[name] = text
        }
        // kstatus takes an object without a status for ready; -1 says that nobody has looked at it yet.
        schema.properties["status"]?.defaultValue = ["observedGeneration": -1]
        return schema
    }

    /// What a ModelApp may be called.
    public static let namePattern = "^[a-z]([-a-z0-9]{0,44}[a-z0-9])?$"

    private static var columns: [JSONValue] {
        func column(
            _ name: String,
            _ path: String,
            _ description: String,
            type: String = "string",
            wide: Bool = false
        ) -> JSONValue {
            var column: [String: JSONValue] = [
                "name": .string(name), "type": .string(type), "jsonPath": .string(path),
                "description": .string(description),
            ]
            if wide { column["priority"] = 1 }
            return .object(column)
        }
        return [
            column("READY", ".status.conditions[?(@.type==\"Ready\")].status", "Whether the latest pair runs"),
            column("CODE", ".status.release.current.code.tag", "The tag that runs"),
            column("MODEL", ".status.release.current.model.version", "The model version that runs"),
            column("PHASE", ".status.release.target.phase", "How far the next release has come"),
            column("PENDING", ".status.release.target.waitingFor[*]", "What the next release waits for"),
            column("AGE", ".metadata.creationTimestamp", "Since when the ModelApp exists", type: "date"),
            column("STATUS", ".status.conditions[?(@.type==\"Ready\")].message", "Why", wide: true),
            column("DIGEST", ".status.release.current.code.digest", "The image that runs", wide: true),
            column("REVISION", ".status.release.current.model.digest", "The model bytes that run", wide: true),
            column("NEXT-WINDOW", ".status.release.target.nextWindow", "When the next release may start", wide: true),
            column("URL", ".status.endpoint.url", "Where the application answers", wide: true),
        ]
    }
}
