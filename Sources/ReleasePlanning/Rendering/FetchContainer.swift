import JSON
import KubernetesAPI
import ModelAppAPI

/// The init container that fetches the model of a release, and the volume that it fills.
struct FetchContainer {
    /// The name of the init container.
    static let name = "modelapp-fetch"
    /// The name of the volume.
    static let volume = "modelapp-model"

    /// The ModelApp.
    let app: ModelApp
    /// The image where the spec names none.
    let fetchImage: String

    /// Adds init container, volume and mount.
    func add(
        to spec: inout JSONValue,
        containers: inout [JSONValue],
        index: Int,
        release: Release,
        model: ResolvedModel
    ) {
        let delivery = app.spec.delivery
        let mount: JSONValue = ["name": .string(Self.volume), "mountPath": .string(delivery.mountPath)]
        var volumes = (spec["volumes"]?.array ?? []).filter { $0["name"]?.string != Self.volume }
        let limit = delivery.fetch?.sizeLimit.map { JSONValue.object(["sizeLimit": .string($0)]) } ?? .object([:])
        volumes.append(["name": .string(Self.volume), "emptyDir": limit])
        spec["volumes"] = .array(volumes)

        var initContainers = (spec["initContainers"]?.array ?? []).filter { $0["name"]?.string != Self.name }
        initContainers.insert(container(release, model, mount), at: 0)
        spec["initContainers"] = .array(initContainers)

        for position in containers.indices where position == index {
            var mounts = (containers[position]["volumeMounts"]?.array ?? []).filter {
                $0["mountPath"]?.string != delivery.mountPath
            }
            var readOnly = mount
            readOnly["readOnly"] = true
            mounts.append(readOnly)
            containers[position]["volumeMounts"] = .array(mounts)
        }
    }

    private func container(_ release: Release, _ model: ResolvedModel, _ mount: JSONValue) -> JSONValue {
        let image = app.spec.delivery.fetch?.image ?? ""
        var container: JSONValue = [
            "name": .string(Self.name),
            "image": .string(image.isEmpty ? fetchImage : image),
            "args": [
                "fetch", "--source", .string(source.canonicalText), "--model-version",
                .string(release.model.version), "--digest", .string(release.model.digest), "--to",
                .string(app.spec.delivery.mountPath),
            ],
            "volumeMounts": [mount],
            "securityContext": [
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                "capabilities": ["drop": ["ALL"]],
            ],
        ]
        if let resources = app.spec.delivery.fetch?.resources, !resources.isAbsent {
            container["resources"] = resources
        }
        if let secret = app.spec.model.auth?.secretRef {
            container["envFrom"] = [["secretRef": ["name": .string(secret.name)]]]
        }
        return container
    }

    /// What the fetcher needs to know about the store: the source without its credential.
    private var source: JSONValue {
        var model = app.spec.model
        model.auth = nil
        return model.json
    }
}
