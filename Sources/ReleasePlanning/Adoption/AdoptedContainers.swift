import JSON
import KubernetesAPI
import ModelAppAPI

/// Where in an adopted Deployment's pod template a release goes.
struct AdoptedContainers: Hashable {
    /// The Deployment.
    let deployment: AdoptedDeployment
    /// The container that runs the code.
    let name: String
    /// Other containers whose image an earlier release set, with that image: leaving it out would remove it.
    let kept: [JSONValue]

    /// The containers of `live`. Throws where it is not clear which one runs the code.
    init(_ live: Deployment, target: Target, owners: FieldOwners?) throws(TemplateError) {
        let containers = live.spec["template"]?["spec"]?["containers"]?.array ?? []
        let names = containers.map { $0["name"]?.string ?? "" }
        var deployment = AdoptedDeployment()
        deployment.name = live.metadata.name
        deployment.uid = live.metadata.uid
        self.deployment = deployment
        let chosen = try Self.choose(from: names, target: target, deployment: live.metadata.name)
        name = chosen
        kept = containers.filter { container in
            let name = container["name"]?.string ?? ""
            let path = "spec.template.spec.containers[name=\(name)].image"
            return name != chosen && owners?.owns(FieldManager.release.name, path) == true
        }.map { ["name": $0["name"] ?? .null, "image": $0["image"] ?? .null] }
    }

    private static func choose(
        from names: [String],
        target: Target,
        deployment: String
    ) throws(TemplateError) -> String {
        let list = names.joined(separator: ", ")
        if let wanted = target.container {
            guard names.contains(wanted) else {
                throw TemplateError(
                    "ContainerNotFound",
                    "spec.target.container: Deployment \(deployment) has no container \"\(wanted)\"; there are \(list)"
                )
            }
            return wanted
        }
        guard names.count == 1, let only = names.first else {
            throw TemplateError(
                "ContainerNotFound",
                "spec.target.container: needed, because Deployment \(deployment) has \(names.count) containers; "
                    + "name one of \(list)"
            )
        }
        return only
    }

    /// What of a pod template a release starts from: the fields that make it a patch of these containers.
    var template: JSONValue { ["spec": ["containers": .array([["name": .string(name)]] + kept)]] }

    /// What of the target decides about the template, beside what the user says elsewhere.
    var identity: JSONValue { ["deployment": .string(deployment.name), "container": .string(name)] }
}

extension Observation {
    /// Where in the adopted Deployment a release goes; nil where that is not clear, and for an own target.
    var adoptedContainers: AdoptedContainers? {
        guard app.spec.target.adopt != nil, let deployment else { return nil }
        return try? AdoptedContainers(deployment, target: app.spec.target, owners: fieldOwners)
    }
}
