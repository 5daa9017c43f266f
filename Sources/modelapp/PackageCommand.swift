import ArgumentParser
import Artifacts
import AsyncHTTPTransport
import ContainerRegistry
import Glibc
import HTTPTransport
import ImagePackaging
import ModelAppAPI
import ModelAppController
import Trust

/// Makes one image of an application and a model: what the operator does with `delivery.mode: Baked`, from a shell.
struct PackageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "package",
        abstract: "Makes one image of an application's image and a model, without a daemon.",
        discussion: """
            The model becomes one more layer. Nothing is unpacked, and nothing is kept on the disk: its bytes go from the \
            store to the registry. A repository that has the layer of the model already gets no byte of it. The same pair \
            gives the same digest on any machine. Reads keys of the model store from the environment, by the names that a \
            Secret has them (AZURE_STORAGE_KEY, AWS_ACCESS_KEY_ID, ...), and those of registries from a Docker config. \
            Prints the image by its digest. Exit status: 0 the image is there, 1 it is not, 130 or 143 interrupted.
            """
    )

    @Option(help: ArgumentHelp("The application's image, by tag or digest.", valueName: "image"))
    var image: String

    @Option(
        help: ArgumentHelp(
            "The model: s3://BUCKET/FOLDER/, https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER/, "
                + "oci://REGISTRY/REPOSITORY:TAG, or the JSON of spec.model.",
            valueName: "url"
        )
    )
    var model: String

    @Option(help: ArgumentHelp("The version, where --model is JSON.", valueName: "name"))
    var modelVersion: String?

    @Option(help: ArgumentHelp("The digest that the model must have. Default: whatever it has.", valueName: "digest"))
    var digest: String?

    @Option(help: ArgumentHelp("Where the image goes, with a tag.", valueName: "image"))
    var to: String?

    @Option(help: ArgumentHelp("A folder that gets an OCI image layout instead.", valueName: "path"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "A platform, such as linux/amd64. Repeatable. Default: all of the image.",
            valueName: "platform"
        )
    )
    var platform: [String] = []

    @Option(help: ArgumentHelp("The folder of the model in the container.", valueName: "path"))
    var mountPath = "/models"

    @Option(help: ArgumentHelp("The endpoint of an S3 store other than AWS.", valueName: "url"))
    var endpoint: String?

    @Option(help: ArgumentHelp("The region of an S3 bucket.", valueName: "name"))
    var region: String?

    @Option(
        help: ArgumentHelp("Files of the folder that belong to the model. Repeatable. Default: all.", valueName: "glob")
    )
    var include: [String] = []

    @Option(help: ArgumentHelp("Files that do not. Repeatable.", valueName: "glob"))
    var exclude: [String] = []

    @Option(help: ArgumentHelp("A manifest in the folder with the sha256 of each file.", valueName: "name"))
    var manifest: String?

    @Option(
        help: ArgumentHelp(
            "The signature of the model in its folder (OpenSSF Model Signing). Only the files that are signed get into the "
                + "image. Needs --model-key.",
            valueName: "name"
        )
    )
    var signature: String?

    @Option(help: ArgumentHelp("The public key (PEM) of who signed the model.", valueName: "path"))
    var modelKey: String?

    @Option(
        help: ArgumentHelp(
            "The private key (PEM) that the image is signed with, as by cosign. The password is read from COSIGN_PASSWORD.",
            valueName: "path"
        )
    )
    var signKey: String?

    @Option(
        help: ArgumentHelp(
            "Opens the model store as this machine's identity at a cloud, azure or aws, instead of by keys.",
            valueName: "cloud"
        )
    )
    var identity: String?

    @OptionGroup var registries: RegistryOptions

    @Option(
        help: ArgumentHelp(
            "Certificates (PEM) that registries and the store are checked against, instead of the system's.",
            valueName: "path"
        )
    )
    var caFile: String?

    @Option(
        help: ArgumentHelp(
            "A host that may see credentials besides the provider's own. Repeatable.",
            valueName: "host[:port]"
        )
    )
    var allowEndpoint: [String] = []

    func validate() throws {
        guard (signature == nil) == (modelKey == nil) else {
            throw ValidationError("--signature and --model-key go together: a signature counts by whose it is")
        }
        guard signature == nil || manifest == nil else {
            throw ValidationError("--manifest and --signature exclude each other")
        }
        guard signKey == nil || output == nil else {
            throw ValidationError("--sign-key signs in a registry: with --to")
        }
    }

    func run() async throws {
        let order = try order()
        let signer = try signer()
        let destination = try destination()
        let keyring = try registries.keyring()
        var keys = StoreKeys.ofEnvironment(for: order.source)
        if order.source.oci != nil { keys[".dockerconfigjson"] = try RegistryKeys.config(registries.registryConfig) }
        let trust = try TLSTrust.chosen(order.source.tls, file: caFile)
        let provider = try identity.map { name in
            guard let provider = CloudProvider(rawValue: name) else {
                throw ValidationError("--identity must be azure or aws, not \"\(name)\"")
            }
            return provider
        }
        let pool = ClientPool()
        let access = SourceAccess(
            transport: { trust in try pool.transport(TransportSettings(trust: trust)) },
            // Whoever names an endpoint on the command line gives the keys beside it.
            allowedEndpoints: allowEndpoint + order.source.ownHosts,
            clouds: try CloudAccess.ofProcess(pool: pool, tenants: .everyone),
            random: Chance.unit
        )
        let client = try registries.client(pool: pool, trust: trust, keyring: keyring)
        // Standard output has the image alone, for a script to take.
        let terminal = FetchTerminal(isTerminal: StandardError.isTerminal)
        let packaging = ModelPackaging(
            access: access,
            time: .system,
            reportingEvery: terminal.interval,
            hasBar: terminal.isTerminal
        ) { StandardError.write(terminal.text(of: $0)) }
        let target = destination.target(client)
        let status = await untilSignal { [keys] () async -> ExitCode in
            do throws(PackagingError) {
                let outcome = try await packaging.package(
                    order,
                    reader: client,
                    to: target,
                    keys: keys,
                    identity: provider,
                    trust: trust
                )
                if let signer, case .registry(let reference, _) = destination {
                    try await Self.sign(outcome.digest, reference, client, signer)
                    StandardError.write(terminal.text(of: .line("signed")))
                }
                StandardOutput.write(destination.name(outcome.digest) + "\n")
                return .success
            } catch {
                StandardError.write(terminal.text(of: .line(error.message)))
                return .failure
            }
        }
        await pool.shutdown()
        if status != .success { throw status }
    }

    /// Who signs the image; nil where nobody was asked to.
    private func signer() throws -> ImageSigner? {
        guard let signKey else { return nil }
        let password = getenv("COSIGN_PASSWORD").map { SecretBytes(String(cString: $0)) }
        do {
            return try ImageSigner(key: PrivateKey.reading(pem: SecretBytes(readFile(signKey)), password: password))
        } catch let error as TrustError {
            throw CommandError("--sign-key: \(signKey): \(error.message)")
        }
    }

    private static func sign(
        _ digest: Digest,
        _ repository: ImageReference,
        _ client: RegistryClient,
        _ signer: ImageSigner
    ) async throws(PackagingError) {
        do throws(RegistryError) {
            try await signer.sign(digest, in: repository, client, at: TimeSource.system.date())
        } catch {
            throw PackagingError(.destination, "the image is there and is not signed: \(error.message)", cause: error)
        }
    }

    private func order() throws -> ModelPackaging.Order {
        var location: ModelLocation
        do throws(CommandError) {
            location = try ModelLocation(model, version: modelVersion, endpoint: endpoint, region: region)
        } catch {
            throw ValidationError(error.message)
        }
        location.source.includeFiles += include
        location.source.excludeFiles += exclude
        if let manifest {
            location.source.complete = CompletenessSpec()
            location.source.complete?.manifest = manifest
        }
        var order = ModelPackaging.Order(
            image: try reference(image, "--image"),
            source: location.source,
            version: location.version,
            digest: digest
        )
        if let signature, let modelKey {
            order.proof = .signature(signature)
            do {
                order.signers = SignerTrust(key: try PublicKey(pem: readFile(modelKey)))
            } catch let error as TrustError {
                throw ValidationError("--model-key: \(error.message)")
            }
        }
        order.mountPath = mountPath
        order.platforms = try platform.map { text in
            do throws(ArtifactError) {
                return try Platform(text)
            } catch {
                throw ValidationError("--platform: \(error.message)")
            }
        }
        return order
    }

    private func reference(_ text: String, _ option: String) throws -> ImageReference {
        do throws(ArtifactError) {
            return try ImageReference(text)
        } catch {
            throw ValidationError("\(option): \(error.message)")
        }
    }

    private func destination() throws -> Destination {
        switch (to, output) {
        case (let to?, nil):
            let reference = try reference(to, "--to")
            guard let tag = reference.tag, reference.digest == nil else {
                throw ValidationError("--to: \(to.clipped) needs a tag, and no digest")
            }
            return .registry(reference, tag)
        case (nil, let output?): return .layout(output)
        default: throw ValidationError("exactly one of --to and --output is needed")
        }
    }

    private enum Destination: Sendable {
        case registry(ImageReference, String)
        case layout(String)

        func target(_ client: RegistryClient) -> ImagePackager.Target {
            switch self {
            case .registry(let reference, let tag): .registry(client, reference, tag: tag, previous: reference)
            case .layout(let folder): .layout(folder: folder, name: "latest")
            }
        }

        func name(_ digest: Digest) -> String {
            switch self {
            case .registry(let reference, _): reference.pinned(to: digest)
            case .layout(let folder): "\(folder)@\(digest)"
            }
        }
    }
}
