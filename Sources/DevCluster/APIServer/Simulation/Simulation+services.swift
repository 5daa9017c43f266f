import JSON
import KubernetesAPI

/// Load balancers and endpoints.
extension Simulation {
    mutating func stepServices() {
        let pods = podsByLabel()
        for service in objects(Kind.services) where !service.isTerminating {
            if service[path: "spec", "type"] == "LoadBalancer" {
                let address = options.loadBalancerAddress ?? Simulation.address(of: service.uid, in: "192.0.2.")
                update(Kind.services, service, status: true) { service in
                    service.edit("status") { $0["loadBalancer"] = ["ingress": [["ip": .string(address)]]] }
                }
            }
            guard let selector = service[path: "spec", "selector"]?.object, !selector.isEmpty else { continue }
            let candidates = selector.map { label in
                pods[PodLabel(namespace: service.namespace, name: label.key, value: label.value)] ?? []
            }
            // Whoever has all labels has the rarest.
            let chosen = (candidates.min { $0.count < $1.count } ?? []).filter { pod in
                selector.allSatisfy { pod[path: "metadata", "labels"]?[$0.key] == $0.value }
                    && pod[path: "status", "podIP"] != nil
            }
            writeEndpoints(service, chosen.filter { Simulation.isReady($0) }, chosen.filter { !Simulation.isReady($0) })
            writeSlice(service, chosen)
        }
    }

    private struct PodLabel: Hashable {
        var namespace: String
        var name: String
        var value: JSONValue
    }

    /// The Pods that are not ending, by each of their labels: to look at all Pods for each Service would take minutes in
    /// a cluster of thousands.
    private func podsByLabel() -> [PodLabel: [JSONValue]] {
        var result: [PodLabel: [JSONValue]] = [:]
        for pod in objects(Kind.pods) where !pod.isTerminating {
            let namespace = pod.namespace
            for (name, value) in pod[path: "metadata", "labels"]?.object ?? [:] {
                result[PodLabel(namespace: namespace, name: name, value: value), default: []].append(pod)
            }
        }
        return result
    }

    /// A service's ports as its pods see them: a named target port is looked up in the first pod that has it.
    private func ports(_ service: JSONValue, _ pods: [JSONValue]) -> [JSONValue] {
        (service[path: "spec", "ports"]?.array ?? []).compactMap { port in
            var number = port["targetPort"]?.integer ?? port["port"]?.integer
            if let name = port["targetPort"]?.string {
                let declared = pods.lazy.flatMap { $0[path: "spec", "containers"]?.array ?? [] }
                    .flatMap { $0["ports"]?.array ?? [] }.first { $0["name"]?.string == name }
                number = declared?["containerPort"]?.integer
            }
            guard let number else { return nil }
            var result: JSONValue = ["port": .integer(number), "protocol": port["protocol"] ?? "TCP"]
            result["name"] = port["name"]
            return result
        }
    }

    private func target(_ pod: JSONValue) -> JSONValue {
        ["kind": "Pod", "namespace": .string(pod.namespace), "name": .string(pod.name), "uid": .string(pod.uid)]
    }

    private mutating func writeEndpoints(_ service: JSONValue, _ ready: [JSONValue], _ notReady: [JSONValue]) {
        func addresses(_ pods: [JSONValue]) -> JSONValue? {
            guard !pods.isEmpty else { return nil }
            return .array(
                pods.map { pod in
                    var address: JSONValue = ["ip": pod[path: "status", "podIP"] ?? "", "targetRef": target(pod)]
                    address["nodeName"] = pod[path: "spec", "nodeName"]
                    return address
                }
            )
        }
        var subset = JSONValue.object([:])
        subset["addresses"] = addresses(ready)
        subset["notReadyAddresses"] = addresses(notReady)
        subset["ports"] = .array(ports(service, ready + notReady))
        let subsets: JSONValue? = ready.isEmpty && notReady.isEmpty ? nil : .array([subset])
        var object: JSONValue = [
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": ["name": .string(service.name), "namespace": .string(service.namespace)],
        ]
        object["subsets"] = subsets
        create(Kind.endpoints, object)
        update(Kind.endpoints, object) { $0["subsets"] = subsets }
    }

    private mutating func writeSlice(_ service: JSONValue, _ pods: [JSONValue]) {
        guard let version = state.definition(Kind.slices)?.apiVersion else { return }
        let endpoints = JSONValue.array(
            pods.map { pod in
                [
                    "addresses": [pod[path: "status", "podIP"] ?? ""],
                    "conditions": ["ready": .bool(Simulation.isReady(pod))], "targetRef": target(pod),
                ]
            }
        )
        let ports = JSONValue.array(ports(service, pods))
        let object: JSONValue = [
            "apiVersion": .string(version), "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": [
                "name": .string("\(service.name)-\(service.uid.prefix(5))"), "namespace": .string(service.namespace),
                "labels": [
                    "kubernetes.io/service-name": .string(service.name),
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                ],
                "ownerReferences": [service.asOwner("v1", "Service")],
            ],
            "endpoints": endpoints, "ports": ports,
        ]
        create(Kind.slices, object)
        update(Kind.slices, object) { slice in
            slice["endpoints"] = endpoints
            slice["ports"] = ports
        }
    }
}
