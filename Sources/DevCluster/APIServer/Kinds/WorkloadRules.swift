import JSON

/// Defaults and checks of apps/v1 and batch/v1 (kubernetes `pkg/apis/apps`, `pkg/apis/batch`).
enum WorkloadRules {
    static let deployment = KindBehaviour(
        generation: .specAndAnnotations,
        setDefaults: { object, _ in
            object.edit("spec") { spec in
                spec.setDefault("replicas", 1)
                spec.edit("strategy") { setRollingDefaults(&$0, ["maxSurge": "25%", "maxUnavailable": "25%"]) }
                spec.setDefault("revisionHistoryLimit", 10)
                spec.setDefault("progressDeadlineSeconds", 600)
                setTemplateDefaults(&spec)
            }
        },
        prepareCreation: { object, _ in object["status"] = .object([:]) },
        validate: { object in
            var issues = replicaIssues(object) + selectorIssues(object)
            issues += strategyIssues(object[path: "spec", "strategy"] ?? .null)
            let spec = object["spec"] ?? .null
            if let deadline = spec["progressDeadlineSeconds"]?.integer,
                deadline <= spec["minReadySeconds"]?.integer ?? 0
            {
                issues.append(
                    .invalid("spec.progressDeadlineSeconds", .integer(deadline), "must be greater than minReadySeconds")
                )
            }
            return issues + templateIssues(object)
        },
        validateUpdate: selectorIsFixed
    )

    static let replicaSet = KindBehaviour(
        generation: .spec,
        setDefaults: { object, _ in
            object.edit("spec") { spec in
                spec.setDefault("replicas", 1)
                setTemplateDefaults(&spec)
            }
        },
        prepareCreation: { object, _ in object["status"] = ["replicas": 0] },
        validate: { replicaIssues($0) + selectorIssues($0) + templateIssues($0) },
        validateUpdate: selectorIsFixed
    )

    static let statefulSet = KindBehaviour(
        generation: .spec,
        setDefaults: { object, profile in
            object.edit("spec") { spec in
                spec.setDefault("replicas", 1)
                spec.setDefault("podManagementPolicy", "OrderedReady")
                spec.edit("updateStrategy") { setRollingDefaults(&$0, ["partition": 0]) }
                spec.setDefault("revisionHistoryLimit", 10)
                if profile == .current {
                    spec.setDefault(
                        "persistentVolumeClaimRetentionPolicy",
                        ["whenDeleted": "Retain", "whenScaled": "Retain"]
                    )
                }
                setTemplateDefaults(&spec)
            }
        },
        prepareCreation: { object, _ in object["status"] = ["replicas": 0] },
        validate: { replicaIssues($0) + selectorIssues($0) + templateIssues($0) },
        validateUpdate: { new, old in
            func fixed(_ object: JSONValue) -> JSONValue {
                var spec = object["spec"] ?? .null
                for name in [
                    "replicas", "template", "updateStrategy", "minReadySeconds", "persistentVolumeClaimRetentionPolicy",
                    "ordinals", "revisionHistoryLimit",
                ] { spec[name] = nil }
                return spec
            }
            guard fixed(new) != fixed(old) else { return [] }
            return [
                .forbidden(
                    "spec",
                    "updates to statefulset spec for fields other than 'replicas', 'template', and 'updateStrategy' are forbidden"
                )
            ]
        }
    )

    static let daemonSet = KindBehaviour(
        generation: .spec,
        setDefaults: { object, profile in
            object.edit("spec") { spec in
                var rolling: [String: JSONValue] = ["maxUnavailable": 1]
                if profile == .current { rolling["maxSurge"] = 0 }
                spec.edit("updateStrategy") { setRollingDefaults(&$0, rolling) }
                spec.setDefault("revisionHistoryLimit", 10)
                setTemplateDefaults(&spec)
            }
        },
        prepareCreation: { object, _ in
            object["status"] = [
                "currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0,
            ]
        },
        validate: { selectorIssues($0) + templateIssues($0) },
        validateUpdate: selectorIsFixed
    )

    static let job = KindBehaviour(
        generation: .spec,
        setDefaults: { object, profile in
            object.edit("spec") { spec in
                if spec["completions"] == nil, spec["parallelism"] == nil { spec["completions"] = 1 }
                spec.setDefault("parallelism", 1)
                spec.setDefault("backoffLimit", 6)
                if profile == .current {
                    spec.setDefault("completionMode", "NonIndexed")
                    spec.setDefault("suspend", false)
                    spec.setDefault("podReplacementPolicy", "TerminatingOrFailed")
                }
                setTemplateDefaults(&spec)
            }
        },
        prepareCreation: { object, _ in
            object["status"] = .object([:])
            guard let uid = object[path: "metadata", "uid"], object[path: "spec", "manualSelector"] != true else {
                return
            }
            let name = object[path: "metadata", "name"] ?? ""
            object.edit("spec") { spec in
                spec["selector"] = ["matchLabels": ["controller-uid": uid]]
                spec.edit("template") { template in
                    template.edit("metadata") { metadata in
                        metadata.edit("labels") { labels in
                            labels["controller-uid"] = uid
                            labels["job-name"] = name
                        }
                    }
                }
            }
        },
        validate: { object in
            var issues = templateIssues(object)
            if object[path: "spec", "template", "spec", "restartPolicy"] == "Always" {
                issues.append(
                    .notSupported("spec.template.spec.restartPolicy", "Always", ["OnFailure", "Never"])
                )
            }
            return issues
        },
        validateUpdate: { new, old in
            ["completions", "selector", "template"].compactMap { name in
                let (after, before) = (new["spec"]?[name], old["spec"]?[name])
                return after == before ? nil : .invalid("spec.\(name)", after, "field is immutable")
            }
        }
    )

    static let cronJob = KindBehaviour(
        generation: .none,
        setDefaults: { object, profile in
            object.edit("spec") { spec in
                spec.setDefault("concurrencyPolicy", "Allow")
                spec.setDefault("suspend", false)
                spec.setDefault("successfulJobsHistoryLimit", 3)
                spec.setDefault("failedJobsHistoryLimit", 1)
                spec.edit("jobTemplate") { template in
                    template.edit("spec") { setTemplateDefaults(&$0) }
                }
            }
        },
        prepareCreation: { object, _ in object["status"] = .object([:]) },
        validate: { object in
            let schedule = object[path: "spec", "schedule"]?.string ?? ""
            var issues: [FieldIssue] = schedule.isEmpty ? [.required("spec.schedule")] : []
            if !schedule.isEmpty, !schedule.hasPrefix("@"), schedule.split(separator: " ").count != 5 {
                issues.append(
                    .invalid(
                        "spec.schedule",
                        .string(schedule),
                        "expected exactly 5 fields, found \(schedule.split(separator: " ").count)"
                    )
                )
            }
            let spec = object[path: "spec", "jobTemplate", "spec", "template", "spec"] ?? .null
            return issues + PodRules.issues(spec, at: "spec.jobTemplate.spec.template.spec")
        }
    )

    private static func setRollingDefaults(_ strategy: inout JSONValue, _ numbers: [String: JSONValue]) {
        strategy.setDefault("type", "RollingUpdate")
        guard strategy["type"] == "RollingUpdate" else { return }
        strategy.edit("rollingUpdate") { rolling in
            for (name, value) in numbers { rolling.setDefault(name, value) }
        }
    }

    private static func setTemplateDefaults(_ spec: inout JSONValue) {
        spec.edit("template") { template in
            template.edit("spec") { PodRules.setDefaults(&$0) }
        }
    }

    private static func replicaIssues(_ object: JSONValue) -> [FieldIssue] {
        ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"].compactMap { name in
            guard let number = object["spec"]?[name]?.integer, number < 0 else { return nil }
            return .invalid("spec.\(name)", .integer(number), "must be greater than or equal to 0")
        }
    }

    private static func strategyIssues(_ strategy: JSONValue) -> [FieldIssue] {
        var issues = PodRules.choice(strategy, "type", ["Recreate", "RollingUpdate"], at: "spec.strategy")
        if strategy["type"] == "Recreate", strategy["rollingUpdate"] != nil {
            issues.append(
                .forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")
            )
        }
        let rolling = strategy["rollingUpdate"] ?? .null
        func isZero(_ value: JSONValue?) -> Bool { value == 0 || value == "0%" }
        if isZero(rolling["maxSurge"]), isZero(rolling["maxUnavailable"]) {
            issues.append(
                .invalid(
                    "spec.strategy.rollingUpdate.maxUnavailable",
                    rolling["maxUnavailable"],
                    "may not be 0 when `maxSurge` is 0"
                )
            )
        }
        return issues
    }

    private static func selectorIssues(_ object: JSONValue) -> [FieldIssue] {
        guard let selector = object[path: "spec", "selector"] else {
            return [
                .required("spec.selector"),
                .invalid(
                    "spec.template.metadata.labels",
                    object[path: "spec", "template", "metadata", "labels"] ?? .null,
                    "`selector` does not match template `labels`"
                ),
            ]
        }
        if selector.isEmpty {
            return [.invalid("spec.selector", selector, "empty selector is invalid for deployment")]
        }
        let labels = object[path: "spec", "template", "metadata", "labels"] ?? .object([:])
        guard let parsed = LabelSelector(object: selector) else {
            return [.invalid("spec.selector", selector, "invalid label selector")]
        }
        if parsed.matches(labels: labels) { return [] }
        return [.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")]
    }

    private static func templateIssues(_ object: JSONValue) -> [FieldIssue] {
        let template = object[path: "spec", "template"] ?? .null
        var issues = NameRules.labelMapIssues(template[path: "metadata", "labels"], at: "spec.template.metadata.labels")
        issues += PodRules.issues(template["spec"] ?? .null, at: "spec.template.spec")
        return issues
    }

    private static let selectorIsFixed: @Sendable (JSONValue, JSONValue) -> [FieldIssue] = { new, old in
        let (after, before) = (new[path: "spec", "selector"], old[path: "spec", "selector"])
        return after == before ? [] : [.invalid("spec.selector", after, "field is immutable")]
    }
}
