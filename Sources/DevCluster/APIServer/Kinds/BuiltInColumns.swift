import JSON

/// The columns of the built-in kinds (kubernetes `pkg/printers/internalversion/printers.go`).
enum BuiltInColumns {
    private static func text(_ object: JSONValue, _ path: [String], default missing: String = "") -> JSONValue {
        var value: JSONValue? = object
        for name in path { value = value?[name] }
        switch value {
        case .string(let string)?: return .string(string)
        case .integer(let number)?: return .string(String(number))
        default: return .string(missing)
        }
    }

    private static func number(_ object: JSONValue, _ path: String...) -> Int64 {
        var value: JSONValue? = object
        for name in path { value = value?[name] }
        return value?.integer ?? 0
    }

    private static func column(_ name: String, _ path: String..., default missing: String = "") -> PrinterColumn {
        PrinterColumn(name) { object, _ in text(object, path, default: missing) }
    }

    private static func count(_ name: String, _ path: String...) -> PrinterColumn {
        PrinterColumn(name, type: "integer") { object, _ in
            var value: JSONValue? = object
            for step in path { value = value?[step] }
            return .integer(value?.integer ?? Int64(value?.object?.count ?? value?.array?.count ?? 0))
        }
    }

    private static let templateColumns = [
        PrinterColumn("Containers", priority: 1) { object, _ in
            .string(containers(object).map { $0["name"]?.string ?? "" }.joined(separator: ","))
        },
        PrinterColumn("Images", priority: 1) { object, _ in
            .string(containers(object).map { $0["image"]?.string ?? "" }.joined(separator: ","))
        },
        PrinterColumn("Selector", priority: 1) { object, _ in
            .string(LabelSelector(object: object[path: "spec", "selector"] ?? .null)?.text ?? "")
        },
    ]

    private static func containers(_ object: JSONValue) -> [JSONValue] {
        object[path: "spec", "template", "spec", "containers"]?.array ?? []
    }

    static let deployments =
        [
            .name,
            PrinterColumn("Ready") { object, _ in
                .string("\(number(object, "status", "readyReplicas"))/\(number(object, "spec", "replicas"))")
            },
            count("Up-to-date", "status", "updatedReplicas"), count("Available", "status", "availableReplicas"),
            .ageOnly,
        ] + templateColumns

    static let replicaSets =
        [
            .name, count("Desired", "spec", "replicas"), count("Current", "status", "replicas"),
            count("Ready", "status", "readyReplicas"), .ageOnly,
        ] + templateColumns

    static let statefulSets = [
        .name,
        PrinterColumn("Ready") { object, _ in
            .string("\(number(object, "status", "readyReplicas"))/\(number(object, "spec", "replicas"))")
        },
        .ageOnly,
    ]

    static let daemonSets = [
        .name, count("Desired", "status", "desiredNumberScheduled"),
        count("Current", "status", "currentNumberScheduled"),
        count("Ready", "status", "numberReady"), count("Up-to-date", "status", "updatedNumberScheduled"),
        count("Available", "status", "numberAvailable"), .ageOnly,
    ]

    static let pods: [PrinterColumn] = [
        .name,
        PrinterColumn("Ready") { pod, _ in
            let statuses = pod[path: "status", "containerStatuses"]?.array ?? []
            let total = pod[path: "spec", "containers"]?.array?.count ?? 0
            return .string("\(statuses.filter { $0["ready"] == true }.count)/\(total)")
        },
        PrinterColumn("Status") { pod, _ in
            if pod[path: "metadata", "deletionTimestamp"] != nil { return "Terminating" }
            let waiting = (pod[path: "status", "containerStatuses"]?.array ?? [])
                .compactMap { $0[path: "state", "waiting", "reason"] ?? $0[path: "state", "terminated", "reason"] }
            return waiting.last ?? pod[path: "status", "reason"] ?? pod[path: "status", "phase"] ?? ""
        },
        PrinterColumn("Restarts") { pod, _ in
            let statuses = pod[path: "status", "containerStatuses"]?.array ?? []
            return .string(String(statuses.reduce(Int64(0)) { $0 &+ ($1["restartCount"]?.integer ?? 0) }))
        },
        .ageOnly,
        PrinterColumn("IP", priority: 1) { pod, _ in text(pod, ["status", "podIP"], default: "<none>") },
        PrinterColumn("Node", priority: 1) { pod, _ in text(pod, ["spec", "nodeName"], default: "<none>") },
    ]

    static let services: [PrinterColumn] = [
        .name, column("Type", "spec", "type"), column("Cluster-IP", "spec", "clusterIP", default: "<none>"),
        PrinterColumn("External-IP") { service, _ in
            switch service[path: "spec", "type"]?.string {
            case "LoadBalancer"?:
                let points = service[path: "status", "loadBalancer", "ingress"]?.array ?? []
                let names = points.compactMap { $0["ip"]?.string ?? $0["hostname"]?.string }
                return .string(names.isEmpty ? "<pending>" : names.joined(separator: ","))
            case "ExternalName"?: return service[path: "spec", "externalName"] ?? "<none>"
            default: return "<none>"
            }
        },
        PrinterColumn("Port(s)") { service, _ in
            let ports = (service[path: "spec", "ports"]?.array ?? []).map { port in
                let node = port["nodePort"]?.integer.map { ":\($0)" } ?? ""
                return "\(port["port"]?.integer ?? 0)\(node)/\(port["protocol"]?.string ?? "TCP")"
            }
            return .string(ports.isEmpty ? "<none>" : ports.joined(separator: ","))
        },
        .ageOnly,
        PrinterColumn("Selector", priority: 1) { service, _ in
            let selector = service[path: "spec", "selector"]?.object ?? [:]
            let pairs = selector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.string ?? "")" }
            return .string(pairs.isEmpty ? "<none>" : pairs.joined(separator: ","))
        },
    ]

    static let namespaces = [.name, column("Status", "status", "phase"), .ageOnly]
    static let configMaps = [.name, count("Data", "data"), .ageOnly]
    static let secrets = [.name, column("Type", "type"), count("Data", "data"), .ageOnly]
    static let serviceAccounts = [.name, count("Secrets", "secrets"), .ageOnly]
    static let leases = [.name, column("Holder", "spec", "holderIdentity"), .ageOnly]
    static let controllerRevisions = [
        .name,
        PrinterColumn("Controller") { object, _ in
            let owner = object[path: "metadata", "ownerReferences"]?.array?.first { $0["controller"] == true }
            guard let owner else { return "<none>" }
            return .string("\((owner["kind"]?.string ?? "").lowercased())/\(owner["name"]?.string ?? "")")
        },
        PrinterColumn("Revision") { object, _ in text(object, ["revision"], default: "0") }, .ageOnly,
    ]

    static let nodes: [PrinterColumn] = [
        .name,
        PrinterColumn("Status") { node, _ in
            let ready = node[path: "status", "conditions"]?.array?.first { $0["type"] == "Ready" }
            return .string(ready?["status"] == "True" ? "Ready" : ready == nil ? "Unknown" : "NotReady")
        },
        .ageOnly, column("Version", "status", "nodeInfo", "kubeletVersion"),
    ]

    static let jobs: [PrinterColumn] = [
        .name,
        PrinterColumn("Completions") { job, _ in
            .string("\(number(job, "status", "succeeded"))/\(max(1, number(job, "spec", "completions")))")
        },
        .ageOnly,
    ]

    static let cronJobs: [PrinterColumn] = [
        .name, column("Schedule", "spec", "schedule"),
        PrinterColumn("Suspend", type: "boolean") { job, _ in job[path: "spec", "suspend"] ?? false },
        count("Active", "status", "active"),
        PrinterColumn("Last Schedule") { job, now in
            job[path: "status", "lastScheduleTime"].map { .string(PrinterColumn.age(since: $0.string, now)) }
                ?? "<none>"
        },
        .ageOnly,
    ]

    static let events: [PrinterColumn] = [
        PrinterColumn("Last Seen") { event, now in
            let seen =
                event[path: "series", "lastObservedTime"] ?? event["lastTimestamp"] ?? event["eventTime"]
                ?? event[path: "metadata", "creationTimestamp"]
            return .string(PrinterColumn.age(since: seen?.string, now))
        },
        column("Type", "type"), column("Reason", "reason"),
        PrinterColumn("Object") { event, _ in
            let object = event["involvedObject"] ?? .null
            return .string("\((object["kind"]?.string ?? "").lowercased())/\(object["name"]?.string ?? "")")
        },
        column("Message", "message"),
        PrinterColumn("Name", priority: 1) { event, _ in event[path: "metadata", "name"] ?? "" },
    ]

    static let definitions = [
        .name,
        PrinterColumn("Created At", type: "date") { object, _ in object[path: "metadata", "creationTimestamp"] ?? "" },
    ]
}
