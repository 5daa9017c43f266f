import JSON

/// Defaults and checks of pods and pod templates (kubernetes `pkg/apis/core/v1/defaults.go`, `validation.go`).
enum PodRules {
    /// Fills in the defaults of a `PodSpec`.
    static func setDefaults(_ spec: inout JSONValue) {
        spec.setDefault("restartPolicy", "Always")
        spec.setDefault("dnsPolicy", "ClusterFirst")
        spec.setDefault("terminationGracePeriodSeconds", 30)
        spec.setDefault("securityContext", .object([:]))
        spec.setDefault("schedulerName", "default-scheduler")
        // The old name goes along with the new one, whichever was given.
        if let account = spec["serviceAccountName"] ?? spec["serviceAccount"] {
            spec["serviceAccountName"] = account
            spec["serviceAccount"] = account
        }
        let usesHostNetwork = spec["hostNetwork"] == true
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            spec.editEach(list) { setContainerDefaults(&$0, usesHostNetwork: usesHostNetwork) }
        }
        spec.editEach("volumes", setVolumeDefaults)
    }

    private static func setContainerDefaults(_ container: inout JSONValue, usesHostNetwork: Bool) {
        let policy = pullPolicy(container["image"]?.string ?? "")
        container.setDefault("imagePullPolicy", policy)
        container.setDefault("terminationMessagePath", "/dev/termination-log")
        container.setDefault("terminationMessagePolicy", "File")
        container.editEach("ports") { port in
            port.setDefault("protocol", "TCP")
            if usesHostNetwork, let number = port["containerPort"] { port.setDefault("hostPort", number) }
        }
        container.editEach("env") { variable in
            variable.editIfPresent("valueFrom") { source in
                source.editIfPresent("fieldRef") { $0.setDefault("apiVersion", "v1") }
                source.editIfPresent("resourceFieldRef") { $0.setDefault("divisor", "0") }
            }
        }
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            container.editIfPresent(probe) { probe in
                probe.setDefault("timeoutSeconds", 1)
                probe.setDefault("periodSeconds", 10)
                probe.setDefault("successThreshold", 1)
                probe.setDefault("failureThreshold", 3)
                probe.editIfPresent("httpGet", setRequestDefaults)
                probe.editIfPresent("grpc") { $0.setDefault("service", "") }
            }
        }
        container.editIfPresent("lifecycle") { lifecycle in
            for hook in ["postStart", "preStop"] {
                lifecycle.editIfPresent(hook) { $0.editIfPresent("httpGet", setRequestDefaults) }
            }
        }
    }

    private static func setRequestDefaults(_ request: inout JSONValue) {
        request.setDefault("path", "/")
        request.setDefault("scheme", "HTTP")
    }

    /// `Always` for `latest` and for no tag, as in `parsers.ParseImageName`; a digest needs no new pull.
    static func pullPolicy(_ image: String) -> JSONValue {
        let name = image.split(separator: "@", maxSplits: 1).first ?? ""
        let last = name.split(separator: "/").last ?? ""
        let tag = last.split(separator: ":", maxSplits: 1).dropFirst().first
        if tag == "latest" { return "Always" }
        return tag == nil && !image.contains("@") ? "Always" : "IfNotPresent"
    }

    private static func setVolumeDefaults(_ volume: inout JSONValue) {
        let members = volume.object ?? [:]
        if members.isEmpty || members.keys.allSatisfy({ $0 == "name" }) { volume["emptyDir"] = .object([:]) }
        for source in ["secret", "configMap", "downwardAPI", "projected"] {
            volume.editIfPresent(source) { $0.setDefault("defaultMode", 420) }
        }
        volume.editIfPresent("hostPath") { $0.setDefault("type", "") }
        volume.editIfPresent("image") { image in
            let policy = pullPolicy(image["reference"]?.string ?? "")
            image.setDefault("pullPolicy", policy)
        }
        volume.editIfPresent("projected") { projected in
            projected.editEach("sources") { source in
                source.editIfPresent("serviceAccountToken") { $0.setDefault("expirationSeconds", 3600) }
            }
        }
    }

    /// The defaults that only a Pod itself has, not a template.
    static func setPodDefaults(_ pod: inout JSONValue, _ profile: APIServerProfile) {
        pod.edit("spec") { spec in
            setDefaults(&spec)
            spec.setDefault("enableServiceLinks", true)
            for list in ["initContainers", "containers"] {
                spec.editEach(list) { container in
                    container.editIfPresent("resources") { resources in
                        guard let limits = resources["limits"]?.object else { return }
                        resources["requests"] = .object(
                            (resources["requests"]?.object ?? [:]).merging(limits) { old, _ in old }
                        )
                    }
                }
            }
        }
    }

    /// What the server decides when a Pod is created.
    static func prepare(_ pod: inout JSONValue) {
        pod.edit("spec") { spec in
            // Admission plugins Priority and DefaultTolerationSeconds, on by default.
            spec.setDefault("priority", 0)
            spec.setDefault("preemptionPolicy", "PreemptLowerPriority")
            var tolerations = spec["tolerations"]?.array ?? []
            for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]
            where !tolerations.contains(where: { $0["key"] == .string(key) }) {
                tolerations.append([
                    "effect": "NoExecute", "key": .string(key), "operator": "Exists", "tolerationSeconds": 300,
                ])
            }
            spec["tolerations"] = .array(tolerations)
        }
        pod["status"] = ["phase": "Pending", "qosClass": .string(qualityOfService(pod["spec"] ?? .null))]
    }

    private static func qualityOfService(_ spec: JSONValue) -> String {
        let containers = (spec["containers"]?.array ?? []) + (spec["initContainers"]?.array ?? [])
        let resources = containers.map { $0["resources"] ?? .object([:]) }
        if resources.allSatisfy({ ($0["limits"] ?? .null).isEmpty && ($0["requests"] ?? .null).isEmpty }) {
            return "BestEffort"
        }
        let isGuaranteed = resources.allSatisfy { resource in
            ["cpu", "memory"].allSatisfy { name in
                resource["limits"]?[name] != nil && resource["limits"]?[name] == resource["requests"]?[name]
            }
        }
        return isGuaranteed ? "Guaranteed" : "Burstable"
    }

    /// What is wrong with a `PodSpec`.
    static func issues(_ spec: JSONValue, at path: String) -> [FieldIssue] {
        var issues: [FieldIssue] = []
        var volumes: Set<JSONValue> = []
        for (index, volume) in (spec["volumes"]?.array ?? []).enumerated() {
            let field = "\(path).volumes[\(index)]"
            issues += NameRules.labelIssues(volume["name"], at: field + ".name")
            if let name = volume["name"], !volumes.insert(name).inserted {
                issues.append(.duplicate(field + ".name", name))
            }
            let sources = (volume.object ?? [:]).keys.filter { $0 != "name" }
            if sources.count > 1 {
                issues.append(.forbidden("\(field).\(sources.sorted()[1])", "may not specify more than 1 volume type"))
            }
        }
        let containers = spec["containers"]?.array ?? []
        if containers.isEmpty { issues.append(.required(path + ".containers")) }
        var names: Set<JSONValue> = []
        for (list, elements) in [("initContainers", spec["initContainers"]?.array ?? []), ("containers", containers)] {
            for (index, container) in elements.enumerated() {
                let field = "\(path).\(list)[\(index)]"
                issues += containerIssues(container, at: field, volumes: volumes)
                if let name = container["name"], !names.insert(name).inserted {
                    issues.append(.duplicate(field + ".name", name))
                }
            }
        }
        issues += choice(spec, "restartPolicy", ["Always", "OnFailure", "Never"], at: path)
        issues += choice(spec, "dnsPolicy", ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"], at: path)
        return issues
    }

    private static func containerIssues(
        _ container: JSONValue,
        at path: String,
        volumes: Set<JSONValue>
    ) -> [FieldIssue] {
        var issues: [FieldIssue] = []
        issues += NameRules.labelIssues(container["name"], at: path + ".name")
        if (container["image"]?.string ?? "").isEmpty { issues.append(.required(path + ".image")) }
        for (index, port) in (container["ports"]?.array ?? []).enumerated() {
            let field = "\(path).ports[\(index)]"
            if let number = port["containerPort"]?.integer, number != 0 {
                if !(1...65_535).contains(number) {
                    issues.append(
                        .invalid(field + ".containerPort", .integer(number), "must be between 1 and 65535, inclusive")
                    )
                }
            } else {
                issues.append(.required(field + ".containerPort"))
            }
            issues += choice(port, "protocol", ["SCTP", "TCP", "UDP"], at: field)
        }
        for (index, variable) in (container["env"]?.array ?? []).enumerated()
        where (variable["name"]?.string ?? "").isEmpty {
            issues.append(.required("\(path).env[\(index)].name"))
        }
        var paths: Set<JSONValue> = []
        for (index, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
            let field = "\(path).volumeMounts[\(index)]"
            if !volumes.contains(mount["name"] ?? .null) {
                issues.append(.notFound(field + ".name", mount["name"] ?? ""))
            }
            guard let target = mount["mountPath"] else {
                issues.append(.required(field + ".mountPath"))
                continue
            }
            if !paths.insert(target).inserted {
                issues.append(.invalid(field + ".mountPath", target, "must be unique"))
            }
        }
        let resources = container["resources"] ?? .null
        for (name, value) in (resources["requests"]?.object ?? [:]).sorted(by: { $0.key < $1.key })
        where value.string?.hasPrefix("-") == true {
            issues.append(.invalid("\(path).resources.requests[\(name)]", value, "must be greater than or equal to 0"))
        }
        issues += choice(container, "imagePullPolicy", ["Always", "IfNotPresent", "Never"], at: path)
        return issues
    }

    static func choice(_ value: JSONValue, _ name: String, _ supported: [String], at path: String) -> [FieldIssue] {
        guard let chosen = value[name], !supported.contains(chosen.string ?? "") else { return [] }
        return [.notSupported("\(path).\(name)", chosen, supported)]
    }

    /// Only images, deadlines and additional tolerations of a Pod may change.
    static func updateIssues(_ new: JSONValue, _ old: JSONValue) -> [FieldIssue] {
        func fixed(_ pod: JSONValue) -> JSONValue {
            var spec = pod["spec"] ?? .null
            for list in ["initContainers", "containers"] { spec.editEach(list) { $0["image"] = nil } }
            for name in [
                "activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates",
                "ephemeralContainers", "nodeName",
            ] {
                spec[name] = nil
            }
            return spec
        }
        if fixed(new) == fixed(old),
            old[path: "spec", "nodeName"] == nil || new[path: "spec", "nodeName"] == old[path: "spec", "nodeName"]
        {
            return []
        }
        return [
            .forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, "
                    + "`spec.activeDeadlineSeconds` or `spec.tolerations` (only additions to existing tolerations)"
            )
        ]
    }
}
