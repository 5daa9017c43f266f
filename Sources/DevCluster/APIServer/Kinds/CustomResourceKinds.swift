import JSON

/// CustomResourceDefinitions, and the kinds that they add.
enum CustomResourceKinds {
    static let name = ResourceName(group: "apiextensions.k8s.io", plural: "customresourcedefinitions")

    /// The kind CustomResourceDefinition itself. Its schemas are stored as they come.
    static let definition = ResourceDefinition(
        name: name,
        version: "v1",
        kind: "CustomResourceDefinition",
        singular: "customresourcedefinition",
        shortNames: ["crd", "crds"],
        categories: ["api-extensions"],
        isNamespaced: false,
        schema: TypeSchema(
            .structure,
            fields: [
                "apiVersion": TypeSchema(.string, merge: .atomic), "kind": TypeSchema(.string, merge: .atomic),
                "metadata": BuiltInTypes.table(.current)["ObjectMeta"],
                "spec": TypeSchema(.any), "status": TypeSchema(.any),
            ],
            name: "CustomResourceDefinition"
        ),
        subresources: ["status"],
        behaviour: KindBehaviour(
            generation: .spec,
            setDefaults: setDefaults,
            prepareCreation: { object, _ in object["status"] = .object([:]) },
            validate: issues,
            validateUpdate: { new, old in
                ["group", "scope"].compactMap { name in
                    let (after, before) = (new["spec"]?[name], old["spec"]?[name])
                    return after == before ? nil : .invalid("spec.\(name)", after, "field is immutable")
                }
            }
        ),
        columns: BuiltInColumns.definitions
    )

    private static let setDefaults: @Sendable (inout JSONValue, APIServerProfile) -> Void = { object, _ in
        object.edit("spec") { spec in
            spec.edit("names") { names in
                let kind = names["kind"]?.string ?? ""
                names.setDefault("singular", .string(kind.lowercased()))
                names.setDefault("listKind", .string(kind + "List"))
            }
            spec.setDefault("conversion", ["strategy": "None"])
        }
    }

    private static let issues: @Sendable (JSONValue) -> [FieldIssue] = { object in
        let spec = object["spec"] ?? .null
        var issues: [FieldIssue] = []
        for (field, value) in [
            ("spec.group", spec["group"]), ("spec.names.plural", spec[path: "names", "plural"]),
            ("spec.names.kind", spec[path: "names", "kind"]), ("spec.scope", spec["scope"]),
        ] where (value?.string ?? "").isEmpty { issues.append(.required(field)) }
        let wanted = "\(spec[path: "names", "plural"]?.string ?? "").\(spec["group"]?.string ?? "")"
        if object[path: "metadata", "name"]?.string != wanted {
            issues.append(
                .invalid(
                    "metadata.name",
                    object[path: "metadata", "name"],
                    "must be spec.names.plural+\".\"+spec.group"
                )
            )
        }
        issues += PodRules.choice(spec, "scope", ["Cluster", "Namespaced"], at: "spec")
        let versions = spec["versions"]?.array ?? []
        if versions.filter({ $0["storage"] == true }).count != 1 {
            issues.append(
                .invalid(
                    "spec.versions",
                    .array(versions.map { $0["name"] ?? "" }),
                    "must have exactly one version marked as storage version"
                )
            )
        }
        for (index, version) in versions.enumerated() {
            let field = "spec.versions[\(index)]"
            guard let schema = version[path: "schema", "openAPIV3Schema"] else {
                issues.append(.required("\(field).schema.openAPIV3Schema", "schemas are required"))
                continue
            }
            do throws(SchemaProblem) {
                _ = try CustomSchema.root(schema, preservesUnknown: false, at: "\(field).schema.openAPIV3Schema")
            } catch {
                issues.append(error.issue)
            }
        }
        return issues
    }

    /// The status of a definition whose names are accepted, which here is at once.
    static func establish(_ object: inout JSONValue, now: JSONValue) {
        let spec = object["spec"] ?? .null
        let storage = spec["versions"]?.array?.first { $0["storage"] == true }?["name"] ?? ""
        var status = object["status"] ?? .object([:])
        status["acceptedNames"] = spec["names"]
        status.setDefault("storedVersions", .array([]))
        var stored = status["storedVersions"]?.array ?? []
        if !stored.contains(storage) { stored.append(storage) }
        status["storedVersions"] = .array(stored)
        if (status["conditions"]?.array ?? []).isEmpty {
            status["conditions"] = [
                [
                    "type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found",
                    "lastTransitionTime": now,
                ],
                [
                    "type": "Established", "status": "True", "reason": "InitialNamesAccepted",
                    "message": "the initial names have been accepted", "lastTransitionTime": now,
                ],
            ]
        }
        object["status"] = status
    }

    /// The kinds that a stored definition adds, one for each served version.
    static func resources(of object: JSONValue, _ profile: APIServerProfile) -> [ResourceDefinition] {
        let spec = object["spec"] ?? .null
        let names = spec["names"] ?? .null
        let name = ResourceName(group: spec["group"]?.string ?? "", plural: names["plural"]?.string ?? "")
        let kind = names["kind"]?.string ?? ""
        return (spec["versions"]?.array ?? []).compactMap { version -> ResourceDefinition? in
            guard version["served"] == true, let json = version[path: "schema", "openAPIV3Schema"],
                let schema = try? CustomSchema.root(
                    json,
                    preservesUnknown: spec["preserveUnknownFields"]?.bool ?? false,
                    at: ""
                )
            else { return nil }
            let declared = (version["additionalPrinterColumns"]?.array ?? []).compactMap {
                PrinterColumn(definition: $0)
            }
            var subresources: Set<String> = []
            if version[path: "subresources", "status"] != nil { subresources.insert("status") }
            let scale = version[path: "subresources", "scale"]
            if scale != nil { subresources.insert("scale") }
            return ResourceDefinition(
                name: name,
                version: version["name"]?.string ?? "",
                kind: kind,
                singular: names["singular"]?.string ?? kind.lowercased(),
                shortNames: (names["shortNames"]?.array ?? []).compactMap(\.string),
                categories: (names["categories"]?.array ?? []).compactMap(\.string),
                isNamespaced: spec["scope"] == "Namespaced",
                schema: schema,
                // 1.20 cannot read int-or-string in an apply's schema, and then shares the whole kind without one.
                mergeSchema: profile == .v1_20 && schema.mentionsIntOrString ? .deduced : nil,
                subresources: subresources,
                behaviour: KindBehaviour(generation: .content, allowsUnconditionalUpdate: false),
                columns: declared.isEmpty ? PrinterColumn.standard : [.name] + declared,
                scale: scale.map(scalePaths),
                custom: CustomKind(
                    definition: name.description,
                    listKind: names["listKind"]?.string ?? kind + "List"
                )
            )
        }
    }

    private static func scalePaths(_ scale: JSONValue) -> ScalePaths {
        func path(_ name: String) -> [String] { (scale[name]?.string ?? "").split(separator: ".").map(String.init) }
        return ScalePaths(
            specReplicas: path("specReplicasPath"),
            statusReplicas: path("statusReplicasPath"),
            selector: scale["labelSelectorPath"] == nil ? nil : path("labelSelectorPath")
        )
    }
}
