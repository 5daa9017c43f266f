import JSON

/// Defaults, allocation and checks of Services (kubernetes `pkg/registry/core/service`).
enum ServiceRules {
    static let behaviour = KindBehaviour(
        setDefaults: setDefaults,
        prepareCreation: { allocate(&$0, &$1) },
        prepareUpdate: { new, old, allocations in
            keepAllocations(&new, old)
            allocate(&new, &allocations)
        },
        validate: issues,
        validateUpdate: { new, old in
            let (after, before) = (new[path: "spec", "clusterIP"], old[path: "spec", "clusterIP"])
            guard let before, before != "", before != "None", after != before,
                new[path: "spec", "type"] != "ExternalName", old[path: "spec", "type"] != "ExternalName"
            else { return [] }
            return [.invalid("spec.clusterIP", after ?? "", "field is immutable")]
        }
    )

    private static func needsNodePorts(_ spec: JSONValue) -> Bool {
        spec["type"] == "NodePort" || (spec["type"] == "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] != false)
    }

    private static let setDefaults: @Sendable (inout JSONValue, APIServerProfile) -> Void = { object, profile in
        object.edit("spec") { spec in
            spec.setDefault("sessionAffinity", "None")
            if spec["sessionAffinity"] == "ClientIP" {
                spec.setDefault("sessionAffinityConfig", ["clientIP": ["timeoutSeconds": 10_800]])
            }
            spec.setDefault("type", "ClusterIP")
            spec.editEach("ports") { port in
                port.setDefault("protocol", "TCP")
                let target = port["targetPort"]
                if target == nil || target == 0 || target == "" { port["targetPort"] = port["port"] }
            }
            if spec["type"] == "NodePort" || spec["type"] == "LoadBalancer" {
                spec.setDefault("externalTrafficPolicy", "Cluster")
            }
            guard profile == .current, spec["type"] != "ExternalName" else { return }
            spec.setDefault("internalTrafficPolicy", "Cluster")
            if spec["type"] == "LoadBalancer" { spec.setDefault("allocateLoadBalancerNodePorts", true) }
            spec.setDefault("ipFamilyPolicy", "SingleStack")
            spec.setDefault("ipFamilies", ["IPv4"])
        }
        object.edit("status") { $0.setDefault("loadBalancer", .object([:])) }
    }

    /// What an update leaves out and the server had decided stays as it was.
    private static func keepAllocations(_ new: inout JSONValue, _ old: JSONValue) {
        let before = old["spec"] ?? .null
        new.edit("spec") { spec in
            guard spec["type"] != "ExternalName" else { return }
            for name in ["clusterIP", "clusterIPs", "healthCheckNodePort"] where (spec[name] ?? "").isEmpty {
                spec[name] = before[name]
            }
            if needsNodePorts(spec) {
                spec.editEach("ports") { port in
                    guard port["nodePort"] == nil else { return }
                    let same = before["ports"]?.array?.first {
                        $0["port"] == port["port"] && $0["protocol"] == port["protocol"]
                    }
                    port["nodePort"] = same?["nodePort"]
                }
            } else {
                spec.editEach("ports") { port in
                    // A node port that the old type had goes with it, unless the user set it anew.
                    if before["ports"]?.array?.contains(where: { $0["nodePort"] == port["nodePort"] }) == true {
                        port["nodePort"] = nil
                    }
                }
            }
        }
    }

    private static func allocate(_ object: inout JSONValue, _ allocations: inout ServerAllocations) {
        object.edit("status") { $0.setDefault("loadBalancer", .object([:])) }
        object.edit("spec") { spec in
            if spec["type"] != "ExternalName" {
                if (spec["clusterIP"] ?? "").isEmpty, let address = allocations.address(wanted: nil) {
                    spec["clusterIP"] = .string(address)
                }
                if let address = spec["clusterIP"] { spec["clusterIPs"] = [address] }
            }
            guard needsNodePorts(spec) else { return }
            spec.editEach("ports") { port in
                if port["nodePort"] == nil, let number = allocations.port(wanted: nil) {
                    port["nodePort"] = .integer(number)
                }
            }
        }
    }

    private static let issues: @Sendable (JSONValue) -> [FieldIssue] = { object in
        let spec = object["spec"] ?? .null
        var issues = PodRules.choice(
            spec,
            "type",
            ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"],
            at: "spec"
        )
        issues += PodRules.choice(spec, "sessionAffinity", ["ClientIP", "None"], at: "spec")
        let ports = spec["ports"]?.array ?? []
        if ports.isEmpty, spec["clusterIP"] != "None", spec["type"] != "ExternalName" {
            issues.append(.required("spec.ports"))
        }
        if spec["type"] == "ExternalName", (spec["externalName"]?.string ?? "").isEmpty {
            issues.append(.required("spec.externalName"))
        }
        var names: Set<JSONValue> = []
        var numbers: Set<JSONValue> = []
        for (index, port) in ports.enumerated() {
            let field = "spec.ports[\(index)]"
            if let name = port["name"] {
                issues += NameRules.labelIssues(name, at: field + ".name")
                if !names.insert(name).inserted { issues.append(.duplicate(field + ".name", name)) }
            } else if ports.count > 1 {
                issues.append(.required(field + ".name"))
            }
            if !(1...65_535).contains(port["port"]?.integer ?? 0) {
                issues.append(.invalid(field + ".port", port["port"] ?? 0, "must be between 1 and 65535, inclusive"))
            }
            issues += PodRules.choice(port, "protocol", ["SCTP", "TCP", "UDP"], at: field)
            let identity: JSONValue = [port["port"] ?? .null, port["protocol"] ?? .null]
            if !numbers.insert(identity).inserted {
                issues.append(
                    .duplicate(field, ["port": port["port"] ?? .null, "protocol": port["protocol"] ?? .null])
                )
            }
        }
        return issues
    }
}
