import JSON

/// What is particular about the small kinds.
enum CoreRules {
    static let pod = KindBehaviour(
        setDefaults: PodRules.setPodDefaults,
        prepareCreation: { pod, _ in PodRules.prepare(&pod) },
        validate: { PodRules.issues($0["spec"] ?? .null, at: "spec") },
        validateUpdate: PodRules.updateIssues,
        gracePeriod: { pod in
            // A pod that no node runs has nothing to end gracefully.
            guard pod[path: "spec", "nodeName"] != nil else { return nil }
            return pod[path: "spec", "terminationGracePeriodSeconds"]?.integer ?? 30
        }
    )

    static let namespace = KindBehaviour(
        setDefaults: { object, profile in
            guard profile == .current, let name = object[path: "metadata", "name"] else { return }
            object.edit("metadata") { $0.edit("labels") { $0["kubernetes.io/metadata.name"] = name } }
        },
        prepareCreation: { object, _ in
            object["spec"] = ["finalizers": ["kubernetes"]]
            object["status"] = ["phase": "Active"]
        },
        prepareUpdate: { new, old, _ in new["spec"] = old["spec"] }
    )

    static let secret = KindBehaviour(
        setDefaults: { object, _ in
            object.setDefault("type", "Opaque")
            guard let plain = object["stringData"]?.object else { return }
            object.edit("data") { data in
                for (name, text) in plain { data[name] = .string(Array((text.string ?? "").utf8).base64) }
            }
            object["stringData"] = nil
        },
        validate: { object in
            var issues = keyIssues(object["data"], at: "data")
            let needed: [String: [String]] = [
                "kubernetes.io/dockerconfigjson": [".dockerconfigjson"], "kubernetes.io/dockercfg": [".dockercfg"],
                "kubernetes.io/tls": ["tls.crt", "tls.key"],
            ]
            for key in needed[object["type"]?.string ?? ""] ?? [] where object["data"]?[key] == nil {
                issues.append(.required("data[\(key)]"))
            }
            if object["type"] == "kubernetes.io/dockerconfigjson",
                let text = object["data"]?[".dockerconfigjson"]?.string, let bytes = [UInt8](base64: text),
                (try? JSONValue(parsing: bytes)) == nil
            {
                issues.append(.invalid("data[.dockerconfigjson]", "<secret contents redacted>", "invalid character"))
            }
            return issues
        },
        validateUpdate: { new, old in
            var issues = immutableIssues(new, old, ["data"])
            if new["type"] != old["type"] { issues.append(.invalid("type", new["type"], "field is immutable")) }
            return issues
        }
    )

    static let configMap = KindBehaviour(
        validate: { object in
            var issues = keyIssues(object["data"], at: "data") + keyIssues(object["binaryData"], at: "binaryData")
            for key in (object["data"]?.object ?? [:]).keys where object["binaryData"]?[key] != nil {
                issues.append(.invalid("data[\(key)]", .string(key), "duplicate of key present in binaryData"))
            }
            return issues
        },
        validateUpdate: { immutableIssues($0, $1, ["data", "binaryData"]) }
    )

    static let lease = KindBehaviour(
        allowsUnconditionalUpdate: false,
        createsOnUpdate: true,
        validate: { object in
            let spec = object["spec"] ?? .null
            var issues: [FieldIssue] = []
            if let seconds = spec["leaseDurationSeconds"]?.integer, seconds <= 0 {
                issues.append(.invalid("spec.leaseDurationSeconds", .integer(seconds), "must be greater than 0"))
            }
            if let count = spec["leaseTransitions"]?.integer, count < 0 {
                issues.append(.invalid("spec.leaseTransitions", .integer(count), "must be greater or equal than 0"))
            }
            return issues
        }
    )

    static let controllerRevision = KindBehaviour(
        validate: { object in
            guard let revision = object["revision"]?.integer else { return [] }
            return revision < 0 ? [.invalid("revision", .integer(revision), "must be greater than or equal to 0")] : []
        },
        validateUpdate: { new, old in
            new["data"] == old["data"] ? [] : [.invalid("data", new["data"], "field is immutable")]
        }
    )

    static let event = KindBehaviour(
        createsOnUpdate: true,
        validate: { object in
            let involved = object[path: "involvedObject", "namespace"]?.string ?? ""
            let namespace = object[path: "metadata", "namespace"]?.string ?? ""
            if involved == namespace || (involved.isEmpty && namespace == "default") { return [] }
            return [.invalid("involvedObject.namespace", .string(involved), "does not match event.namespace")]
        }
    )

    static let rbac = KindBehaviour(
        createsOnUpdate: true,
        setDefaults: { object, _ in
            let group: JSONValue = "rbac.authorization.k8s.io"
            object.editIfPresent("roleRef") { $0.setDefault("apiGroup", group) }
            object.editEach("subjects") { if $0["kind"] != "ServiceAccount" { $0.setDefault("apiGroup", group) } }
        },
        validateUpdate: { new, old in
            new["roleRef"] == old["roleRef"] ? [] : [.invalid("roleRef", new["roleRef"], "cannot change roleRef")]
        }
    )

    static let autoscaler = KindBehaviour(
        setDefaults: { object, _ in object.edit("spec") { $0.setDefault("minReplicas", 1) } }
    )

    static let endpointSlice = KindBehaviour(
        generation: .none,
        setDefaults: { object, _ in
            object.editEach("ports") { port in
                port.setDefault("name", "")
                port.setDefault("protocol", "TCP")
            }
        }
    )

    static let claim = KindBehaviour(
        setDefaults: { object, _ in
            object.edit("spec") { $0.setDefault("volumeMode", "Filesystem") }
            object.edit("status") { $0.setDefault("phase", "Pending") }
        }
    )

    private static func keyIssues(_ map: JSONValue?, at field: String) -> [FieldIssue] {
        (map?.object ?? [:]).keys.sorted().compactMap { key in
            let isValid =
                !key.isEmpty && key.utf8.count <= 253 && key != "." && key != ".."
                && key.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x2D || $0 == 0x2E
                        || $0 == 0x5F
                }
            if isValid { return nil }
            return .invalid(
                "\(field)[\(key)]",
                .string(key),
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
                    + "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
            )
        }
    }

    private static func immutableIssues(_ new: JSONValue, _ old: JSONValue, _ members: [String]) -> [FieldIssue] {
        guard old["immutable"] == true else { return [] }
        var issues: [FieldIssue] = []
        if new["immutable"] != true {
            issues.append(.forbidden("immutable", "field is immutable when `immutable` is set"))
        }
        for name in members where new[name] != old[name] {
            issues.append(.forbidden(name, "field is immutable when `immutable` is set"))
        }
        return issues
    }
}
