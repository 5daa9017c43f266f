import JSON
import KubernetesAPI
import ModelAppAPI

/// The init container that fetches the model of a release, and the volume that it fills.
///
/// The fetcher makes a folder appear below the volume's root by one rename, and the container mounts that folder. A pod
/// whose sandbox is made anew finds it there and asks the store for nothing.
struct FetchContainer {
    /// The name of the init container.
    static let name = "modelapp-fetch"
    /// The name of the volume.
    static let volume = "modelapp-model"
    /// The name of the volume with the store's certificate authority.
    static let authorityVolume = "modelapp-ca"
    /// Where the init container has the volume.
    private static let mountPath = "/modelapp"
    /// The folder of the model in the volume.
    private static let folder = "model"
    /// The name of the volume with the keys to a registry.
    static let registryVolume = "modelapp-registry"
    /// Where the init container has the certificate authority.
    private static let authorityPath = "/modelapp-ca"
    /// Where the init container has the keys to a registry.
    private static let registryPath = "/modelapp-registry"
    /// The volumes that are made here, each time anew.
    private static let ownVolumes: Set<String> = [volume, authorityVolume, registryVolume]

    /// The ModelApp.
    let app: ModelApp
    /// The image where the spec names none.
    let fetchImage: String

    /// Adds init container, volumes and mount.
    func add(
        to spec: inout JSONValue,
        containers: inout [JSONValue],
        index: Int,
        release: Release,
        model: ResolvedModel
    ) {
        let delivery = app.spec.delivery
        var volumes = (spec["volumes"]?.array ?? []).filter { !Self.ownVolumes.contains($0["name"]?.string ?? "") }
        let limit = delivery.fetch?.sizeLimit.map { JSONValue.object(["sizeLimit": .string($0)]) } ?? .object([:])
        volumes.append(["name": .string(Self.volume), "emptyDir": limit])
        if let authority {
            volumes.append([
                "name": .string(Self.authorityVolume),
                "secret": [
                    "secretName": .string(authority), "items": [["key": "ca.crt", "path": "ca.crt"]],
                ],
            ])
        }
        if let registrySecret {
            // A name that begins with a dot is no variable of an environment. The Secret may hold an identity instead.
            volumes.append([
                "name": .string(Self.registryVolume),
                "secret": [
                    "secretName": .string(registrySecret), "optional": true,
                    "items": [["key": ".dockerconfigjson", "path": "config.json"]],
                ],
            ])
        }
        spec["volumes"] = .array(volumes)

        var initContainers = (spec["initContainers"]?.array ?? []).filter { $0["name"]?.string != Self.name }
        initContainers.insert(container(release, model), at: 0)
        spec["initContainers"] = .array(initContainers)

        for position in containers.indices where position == index {
            var mounts = (containers[position]["volumeMounts"]?.array ?? []).filter {
                $0["mountPath"]?.string != delivery.mountPath
            }
            mounts.append([
                "name": .string(Self.volume), "mountPath": .string(delivery.mountPath),
                "subPath": .string(Self.folder), "readOnly": true,
            ])
            containers[position]["volumeMounts"] = .array(mounts)
        }
    }

    /// What of the source decides how the bytes are had: its change has to reach the pods, so it makes a release as a
    /// change of the template does. How the version is chosen does not count.
    static func identity(of spec: ModelAppSpec) -> JSONValue {
        let model = spec.model
        var identity = source(of: model)
        if let proof = spec.verification?.model {
            identity["proof"] = .string(proof.signature?.bundle ?? proof.manifest ?? "")
        }
        if let secret = model.auth?.secretRef { identity["auth"] = .string(secret.name) }
        if let cloud = model.auth?.identity { identity["identity"] = .string(cloud.provider.rawValue) }
        if let authority = model.tls?.caSecretRef { identity["authority"] = .string(authority.name) }
        return identity
    }

    private var authority: String? { app.spec.model.tls?.caSecretRef?.name }

    private var registrySecret: String? { app.spec.model.oci == nil ? nil : app.spec.model.auth?.secretRef?.name }

    private func container(_ release: Release, _ model: ResolvedModel) -> JSONValue {
        let fetch = app.spec.delivery.fetch
        var arguments = [
            "fetch", "--source", Self.source(of: app.spec.model).canonicalText, "--model-version",
            release.model.version, "--digest", release.model.digest,
        ]
        var mounts: [JSONValue] = [["name": .string(Self.volume), "mountPath": .string(Self.mountPath)]]
        if !model.objectVersions.isEmpty {
            let versions = JSONValue.object(model.objectVersions.mapValues { .string($0) })
            arguments += ["--object-versions", versions.canonicalText]
        }
        if let limit = fetch?.sizeLimit { arguments += ["--size-limit", limit] }
        arguments += proofArguments
        if authority != nil {
            arguments += ["--ca-file", "\(Self.authorityPath)/ca.crt"]
            mounts.append([
                "name": .string(Self.authorityVolume), "mountPath": .string(Self.authorityPath), "readOnly": true,
            ])
        }
        if registrySecret != nil {
            arguments += ["--registry-config", "\(Self.registryPath)/config.json"]
            mounts.append([
                "name": .string(Self.registryVolume), "mountPath": .string(Self.registryPath), "readOnly": true,
            ])
        }
        // The pod's own identity: that of its ServiceAccount, which the template names.
        if let cloud = app.spec.model.auth?.identity { arguments += ["--identity", cloud.provider.rawValue] }
        arguments += ["--to", "\(Self.mountPath)/\(Self.folder)"]
        let image = fetch?.image ?? ""
        var container: JSONValue = [
            "name": .string(Self.name),
            "image": .string(image.isEmpty ? fetchImage : image),
            "args": .array(arguments.map { .string($0) }),
            "volumeMounts": .array(mounts),
            "securityContext": [
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                "capabilities": ["drop": ["ALL"]],
            ],
            // The last lines say why: kubelet shows them with the pod.
            "terminationMessagePolicy": "FallbackToLogsOnError",
        ]
        if let resources = fetch?.resources, !resources.isAbsent { container["resources"] = resources }
        if let secret = app.spec.model.auth?.secretRef {
            container["envFrom"] = [["secretRef": ["name": .string(secret.name)]]]
        }
        return container
    }

    /// What says which files the model has, each with its sha256. Who signed it was verified before the release: its
    /// digest is that of the list.
    private var proofArguments: [String] {
        guard let model = app.spec.verification?.model else { return [] }
        if let signature = model.signature { return ["--signature", signature.bundle] }
        return model.manifest.map { ["--manifest", $0] } ?? []
    }

    /// What the fetcher needs to know about the store: where it is and what belongs to a version, without credential and
    /// without the rules by which the version was chosen.
    private static func source(of model: ModelSource) -> JSONValue {
        var source = ModelSource()
        source.azureBlob = model.azureBlob
        source.s3 = model.s3
        source.oci = model.oci
        source.mlflow = model.mlflow
        // Which version the alias names is no matter of the pod, which is told the version.
        source.mlflow?.alias = "-"
        source.objects = model.objects
        source.complete = model.complete
        source.includeFiles = model.includeFiles
        source.excludeFiles = model.excludeFiles
        source.tls = model.tls
        source.tls?.caSecretRef = nil
        return source.json
    }
}
