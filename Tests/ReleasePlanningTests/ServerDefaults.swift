import JSON

/// Server-side apply as far as the plan's bodies need it: lists with keys merge, others are replaced.
enum Merge {
    private static let keys = ["containerPort", "port", "mountPath", "uid", "name"]

    private static func key(of elements: [JSONValue]) -> String? {
        keys.first { key in !elements.isEmpty && elements.allSatisfy { $0[key] != nil } }
    }

    static func set(_ wanted: JSONValue, in live: inout JSONValue) {
        switch (wanted, live) {
        case (.object(let members), .object):
            for (name, value) in members {
                var child = live[name] ?? .null
                set(value, in: &child)
                live[name] = child
            }
        case (.array(let elements), .array(var actual)):
            guard let key = key(of: elements) else { return live = wanted }
            for element in elements {
                if let index = actual.firstIndex(where: { $0[key] == element[key] }) {
                    set(element, in: &actual[index])
                } else {
                    actual.append(element)
                }
            }
            live = .array(actual)
        default: live = wanted
        }
    }

    /// Takes away what was owned and is no longer applied.
    static func remove(_ before: JSONValue, notIn after: JSONValue?, from live: inout JSONValue) {
        switch (before, live) {
        case (.object(let members), .object):
            for (name, value) in members {
                guard let other = after?[name] else {
                    live[name] = nil
                    continue
                }
                guard var child = live[name] else { continue }
                remove(value, notIn: other, from: &child)
                live[name] = child
            }
        case (.array(let elements), .array(var actual)):
            guard let key = key(of: elements) else { return }
            let kept = after?.array ?? []
            for element in elements {
                guard let index = actual.firstIndex(where: { $0[key] == element[key] }) else { continue }
                if let other = kept.first(where: { $0[key] == element[key] }) {
                    remove(element, notIn: other, from: &actual[index])
                } else {
                    actual.remove(at: index)
                }
            }
            live = .array(actual)
        default: break
        }
    }
}

/// What a server makes of an object that it stores: defaults, canonical quantities, no empty members.
enum ServerDefaults {
    static func normalise(_ object: JSONValue, kind: String) -> JSONValue {
        var object = kind == "ControllerRevision" ? object : canonical(object, at: [])
        switch kind {
        case "Deployment":
            fill(
                [
                    "replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
                    "strategy": [
                        "type": "RollingUpdate", "rollingUpdate": ["maxSurge": "25%", "maxUnavailable": "25%"],
                    ],
                ],
                in: &object,
                at: ["spec"]
            )
            fill(
                [
                    "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
                    "securityContext": [:], "schedulerName": "default-scheduler",
                ],
                in: &object,
                at: ["spec", "template", "spec"]
            )
            for list in ["containers", "initContainers"] { containers(list, in: &object) }
        case "Service":
            fill(["clusterIP": "10.0.0.7", "sessionAffinity": "None", "type": "ClusterIP"], in: &object, at: ["spec"])
            let ports = (object["spec"]?["ports"]?.array ?? []).map { port in
                var port = port
                fill(["protocol": "TCP", "nodePort": 30_080], in: &port, at: [])
                return port
            }
            object["spec"]?["ports"] = .array(ports)
        default: break
        }
        return object
    }

    private static func containers(_ list: String, in object: inout JSONValue) {
        guard let containers = object["spec"]?["template"]?["spec"]?[list]?.array else { return }
        object["spec"]?["template"]?["spec"]?[list] = .array(
            containers.map { container in
                var container = container
                fill(
                    [
                        "resources": [:], "terminationMessagePath": "/dev/termination-log",
                        "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent",
                    ],
                    in: &container,
                    at: []
                )
                if container["readinessProbe"] != nil {
                    fill(
                        ["timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3],
                        in: &container,
                        at: ["readinessProbe"]
                    )
                }
                return container
            }
        )
    }

    private static func fill(_ defaults: [String: JSONValue], in value: inout JSONValue, at path: [String]) {
        guard let first = path.first else {
            for (name, member) in defaults where value[name] == nil { value[name] = member }
            return
        }
        guard var child = value[first] else { return }
        fill(defaults, in: &child, at: Array(path.dropFirst()))
        value[first] = child
    }

    /// Go's `omitempty` and `resource.Quantity` for the members that the tests use.
    private static func canonical(_ value: JSONValue, at path: [String]) -> JSONValue {
        switch value {
        case .object(let members):
            var kept: [String: JSONValue] = [:]
            for (name, member) in members {
                if member == .null || ["initialDelaySeconds": 0, "minReadySeconds": 0][name] == member { continue }
                kept[name] = canonical(member, at: path + [name])
            }
            return .object(kept)
        case .array(let elements): return .array(elements.map { canonical($0, at: path) })
        default:
            guard path.contains("limits") || path.contains("requests") else { return value }
            let forms: [JSONValue: JSONValue] = [
                "1000m": "1", "1024Mi": "1Gi", .decimal("0.5"): "500m", 1: "1", "2048Mi": "2Gi",
            ]
            return forms[value] ?? value
        }
    }
}
