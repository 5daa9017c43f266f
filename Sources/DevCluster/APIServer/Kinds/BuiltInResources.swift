/// The kinds that an API server brings along.
enum BuiltInResources {
    /// All of them, as a server of that profile serves them.
    static func all(_ profile: APIServerProfile) -> [ResourceDefinition] {
        let types = BuiltInTypes.table(profile)
        return core(types) + apps(types) + batch(types, profile) + others(types, profile)
    }

    private static let status: Set<String> = ["status"]
    private static let scaled: Set<String> = ["status", "scale"]

    private static func core(_ types: TypeTable) -> [ResourceDefinition] {
        func kind(
            _ kind: String,
            _ plural: String,
            _ singular: String,
            _ shortNames: [String] = []
        ) -> ResourceDefinition {
            ResourceDefinition(
                name: ResourceName(group: "", plural: plural),
                version: "v1",
                kind: kind,
                singular: singular,
                shortNames: shortNames,
                schema: types[kind]
            )
        }
        var namespace = kind("Namespace", "namespaces", "namespace", ["ns"])
        namespace.isNamespaced = false
        namespace.subresources = ["status", "finalize"]
        namespace.behaviour = CoreRules.namespace
        namespace.columns = BuiltInColumns.namespaces
        namespace.selectableFields = ["status.phase"]
        namespace.verbs.removeAll { $0 == "deletecollection" }
        var configMap = kind("ConfigMap", "configmaps", "configmap", ["cm"])
        configMap.behaviour = CoreRules.configMap
        configMap.columns = BuiltInColumns.configMaps
        var secret = kind("Secret", "secrets", "secret")
        secret.behaviour = CoreRules.secret
        secret.columns = BuiltInColumns.secrets
        secret.selectableFields = ["type"]
        var service = kind("Service", "services", "service", ["svc"])
        service.subresources = status
        service.behaviour = ServiceRules.behaviour
        service.columns = BuiltInColumns.services
        service.categories = ["all"]
        var pod = kind("Pod", "pods", "pod", ["po"])
        pod.subresources = status
        pod.behaviour = CoreRules.pod
        pod.columns = BuiltInColumns.pods
        pod.categories = ["all"]
        pod.selectableFields = [
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase",
            "status.podIP", "status.nominatedNodeName",
        ]
        var node = kind("Node", "nodes", "node", ["no"])
        node.isNamespaced = false
        node.subresources = status
        node.columns = BuiltInColumns.nodes
        node.selectableFields = ["spec.unschedulable"]
        var account = kind("ServiceAccount", "serviceaccounts", "serviceaccount", ["sa"])
        account.columns = BuiltInColumns.serviceAccounts
        var event = kind("Event", "events", "event", ["ev"])
        event.behaviour = CoreRules.event
        event.columns = BuiltInColumns.events
        event.selectableFields = [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
            "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
            "reportingComponent", "source", "type",
        ]
        let endpoints = kind("Endpoints", "endpoints", "endpoints", ["ep"])
        var claim = kind("PersistentVolumeClaim", "persistentvolumeclaims", "persistentvolumeclaim", ["pvc"])
        claim.subresources = status
        claim.behaviour = CoreRules.claim
        return [namespace, configMap, secret, service, pod, node, account, event, endpoints, claim]
    }

    private static func apps(_ types: TypeTable) -> [ResourceDefinition] {
        func kind(
            _ kind: String,
            _ plural: String,
            _ shortNames: [String],
            _ behaviour: KindBehaviour,
            _ columns: [PrinterColumn],
            _ subresources: Set<String>
        ) -> ResourceDefinition {
            ResourceDefinition(
                name: ResourceName(group: "apps", plural: plural),
                version: "v1",
                kind: kind,
                singular: kind.lowercased(),
                shortNames: shortNames,
                categories: subresources.isEmpty ? [] : ["all"],
                schema: types[kind],
                subresources: subresources,
                behaviour: behaviour,
                columns: columns,
                scale: subresources.contains("scale") ? .workload : nil
            )
        }
        return [
            kind("Deployment", "deployments", ["deploy"], WorkloadRules.deployment, BuiltInColumns.deployments, scaled),
            kind("ReplicaSet", "replicasets", ["rs"], WorkloadRules.replicaSet, BuiltInColumns.replicaSets, scaled),
            kind(
                "StatefulSet",
                "statefulsets",
                ["sts"],
                WorkloadRules.statefulSet,
                BuiltInColumns.statefulSets,
                scaled
            ),
            kind("DaemonSet", "daemonsets", ["ds"], WorkloadRules.daemonSet, BuiltInColumns.daemonSets, status),
            kind(
                "ControllerRevision",
                "controllerrevisions",
                [],
                CoreRules.controllerRevision,
                BuiltInColumns.controllerRevisions,
                []
            ),
        ]
    }

    private static func batch(_ types: TypeTable, _ profile: APIServerProfile) -> [ResourceDefinition] {
        [
            ResourceDefinition(
                name: ResourceName(group: "batch", plural: "jobs"),
                version: "v1",
                kind: "Job",
                singular: "job",
                categories: ["all"],
                schema: types["Job"],
                subresources: status,
                behaviour: WorkloadRules.job,
                columns: BuiltInColumns.jobs,
                selectableFields: ["status.successful"]
            ),
            // CronJobs reached batch/v1 in 1.21.
            ResourceDefinition(
                name: ResourceName(group: "batch", plural: "cronjobs"),
                version: profile == .current ? "v1" : "v1beta1",
                kind: "CronJob",
                singular: "cronjob",
                shortNames: ["cj"],
                categories: ["all"],
                schema: types["CronJob"],
                subresources: status,
                behaviour: WorkloadRules.cronJob,
                columns: BuiltInColumns.cronJobs
            ),
        ]
    }

    private static func others(_ types: TypeTable, _ profile: APIServerProfile) -> [ResourceDefinition] {
        var definitions = [
            ResourceDefinition(
                name: ResourceName(group: "coordination.k8s.io", plural: "leases"),
                version: "v1",
                kind: "Lease",
                singular: "lease",
                schema: types["Lease"],
                behaviour: CoreRules.lease,
                columns: BuiltInColumns.leases
            ),
            ResourceDefinition(
                name: ResourceName(group: "events.k8s.io", plural: "events"),
                version: "v1",
                kind: "Event",
                singular: "event",
                shortNames: ["ev"],
                schema: types["EventsEvent"],
                storedAs: ResourceName(group: "", plural: "events"),
                behaviour: CoreRules.event,
                columns: BuiltInColumns.events
            ),
            ResourceDefinition(
                name: ResourceName(group: "autoscaling", plural: "horizontalpodautoscalers"),
                version: "v1",
                kind: "HorizontalPodAutoscaler",
                singular: "horizontalpodautoscaler",
                shortNames: ["hpa"],
                categories: ["all"],
                schema: types["HorizontalPodAutoscaler"],
                subresources: status,
                behaviour: CoreRules.autoscaler
            ),
            ResourceDefinition(
                name: ResourceName(group: "discovery.k8s.io", plural: "endpointslices"),
                version: profile == .current ? "v1" : "v1beta1",
                kind: "EndpointSlice",
                singular: "endpointslice",
                schema: types["EndpointSlice"],
                behaviour: CoreRules.endpointSlice
            ),
            CustomResourceKinds.definition,
        ]
        for (kind, isNamespaced) in [
            ("Role", true), ("RoleBinding", true), ("ClusterRole", false), ("ClusterRoleBinding", false),
        ] {
            definitions.append(
                ResourceDefinition(
                    name: ResourceName(group: "rbac.authorization.k8s.io", plural: kind.lowercased() + "s"),
                    version: "v1",
                    kind: kind,
                    singular: kind.lowercased(),
                    isNamespaced: isNamespaced,
                    schema: types[kind],
                    behaviour: CoreRules.rbac
                )
            )
        }
        return definitions
    }
}
