import ArgumentParser
import Artifacts
import AsyncHTTPTransport
import ContainerRegistry
import FoundationEssentials
import HTTPTransport
import JSON
import KubernetesClient
import ModelAppController
import Trust

/// Verifies the signatures of an image or of a model, as the operator does for `spec.verification`.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verifies that an image or a model is signed by somebody who is trusted.",
        discussion: """
            Needs a public key, or trusted certificates with identities. Of an image it looks for signatures by cosign, or \
            with --notation by Notation; pull credentials are those of the Docker configuration. Of a model, a folder of \
            this machine, it wants an OpenSSF Model Signing bundle, and each file as it was signed. With --receipt it looks for \
            receipts of an image that the operator made, and prints them. Exit status: 0 signed, 1 not.
            """
    )

    @Argument(
        help: "The image: repository:tag or repository@digest; with --receipt also a receipt; nothing with --model."
    )
    var image: String?

    @Option(
        help: ArgumentHelp("The folder of a model, instead of an image.", valueName: "folder"),
        completion: .directory
    )
    var model: String?

    @Option(help: ArgumentHelp("The name of the model's signature in its folder.", valueName: "name"))
    var bundle = "model.sig"

    @Option(help: ArgumentHelp("The public key (PEM), as cosign generate-key-pair writes it.", valueName: "path"))
    var key: String?

    @Option(help: ArgumentHelp("Certificates (PEM) that signers are checked against.", valueName: "path"))
    var certificates: String?

    @Option(
        help: ArgumentHelp(
            "Who may sign, with --certificates: an alternative name, or x509.subject: CN=ci. Repeatable.",
            valueName: "name"
        )
    )
    var identity: [String] = []

    @Option(
        help: ArgumentHelp("Certificates (PEM) of time stamp authorities, with --certificates.", valueName: "path")
    )
    var timestampCertificates: String?

    @Flag(
        help:
            "Wants a receipt of the image and prints it as JSON; without --key or --certificates one that nobody signed."
    )
    var receipt = false

    @Flag(help: "Looks for signatures by Notation.")
    var notation = false

    @Flag(help: "Talks to the registry over HTTP without TLS.")
    var plainHTTP = false

    @Option(
        help: ArgumentHelp("A host that may be contacted although it is local. Repeatable.", valueName: "host[:port]")
    )
    var allowEndpoint: [String] = []

    func validate() throws {
        guard (image == nil) != (model == nil) else {
            throw ValidationError("an image is needed, or --model with a folder, and not both")
        }
        guard model == nil || !notation else { throw ValidationError("Notation signs images, not models") }
        guard !receipt || (model == nil && !notation) else {
            throw ValidationError("--receipt is about an image, and its signature is not one of Notation")
        }
        if receipt, key == nil, certificates == nil { return }
        guard (key == nil) != (certificates == nil) else {
            throw ValidationError("exactly one of --key and --certificates is needed")
        }
        if key != nil {
            guard identity.isEmpty, timestampCertificates == nil else {
                throw ValidationError("--identity and --timestamp-certificates go with --certificates")
            }
            guard !notation else { throw ValidationError("Notation signs with certificates: --certificates is needed") }
        } else if identity.isEmpty {
            throw ValidationError("--identity says who may sign; \"*\" is everybody whom the certificates certify")
        }
    }

    func run() async throws {
        if let model { return try verify(folder: model, trust()) }
        let reference: ImageReference
        do throws(ArtifactError) { reference = try ImageReference(image ?? "") } catch {
            throw ValidationError(error.message)
        }
        let signers = key == nil && certificates == nil ? nil : try trust()
        try await ClientPool.with { pool in
            let access = SourceAccess.network(pool: pool, allowing: allowEndpoint, clouds: nil)
            let client = RegistryClient(
                transport: try await access.transport(.system),
                time: .system,
                keyring: try Self.keyring(),
                hosts: [reference.registry: RegistryHostOptions(plainHTTP: plainHTTP)],
                random: Chance.unit
            )
            let digest = try await digest(of: reference, client)
            let now = TimeSource.system.date()
            let name = reference.pinned(to: digest)
            if receipt {
                return try await receipts(of: digest, in: reference, ReceiptReader(client, trust: signers), now)
            }
            guard let signers else { throw ExitCode.validationFailure }
            let verifier = ImageVerifier(notation ? .notation : .cosign, trust: signers)
            switch try await verifier.verdict(on: digest, in: reference, client, at: now) {
            case .signed(let signer):
                StandardOutput.write("\(name)\nsigned by \(signer.description)\n")
            case .refused(let reason):
                StandardError.write("\(name)\nnot verified: \(reason)\n")
                throw ExitCode.failure
            }
        }
    }

    private func receipts(
        of digest: Digest,
        in reference: ImageReference,
        _ reader: ReceiptReader,
        _ now: Timestamp
    ) async throws {
        let found = try await reader.receipts(of: digest, in: reference, at: now)
        for receipt in found.receipts { StandardOutput.write(receipt.content.prettyText) }
        let name = reference.pinned(to: found.image)
        guard let receipt = found.receipts.first else {
            let reason = found.defects.first ?? "it has no receipt"
            StandardError.write("\(name)\nnot verified: \(reason)\n")
            throw ExitCode.failure
        }
        StandardError.write(
            "\(name)\n" + (receipt.signer.map { "signed by \($0.description)" } ?? "signed by nobody") + "\n"
        )
    }

    private func verify(folder: String, _ trust: SignerTrust) throws {
        do throws(ModelFetcher.Failure) {
            let found = try SignedFolder(folder, bundle: bundle).verify(by: trust, at: TimeSource.system.date())
            StandardOutput.write("\(folder): \(found.files) files\nsigned by \(found.signer.description)\n")
        } catch {
            StandardError.write("\(folder)\nnot verified: \(error.message)\n")
            throw ExitCode.failure
        }
    }

    private func digest(of reference: ImageReference, _ client: RegistryClient) async throws -> Digest {
        if let digest = reference.digest { return digest }
        let tag = reference.tag ?? "latest"
        guard let digest = try await client.resolve(reference, tag: tag) else {
            throw CommandError("\(reference.name) has no tag \(tag)")
        }
        return digest
    }

    private func trust() throws -> SignerTrust {
        do {
            if let key { return SignerTrust(key: try PublicKey(pem: readFile(key))) }
            let store = try CertificateStore(pem: readFile(certificates ?? ""))
            return SignerTrust(
                store: store,
                identities: try identity.map { try CertificateIdentity($0) },
                timestampAuthorities: try timestampCertificates.map { try CertificateStore(pem: readFile($0)) }
            )
        } catch let error as TrustError {
            throw ValidationError(error.message)
        }
    }

    /// The credentials of `docker login`; none where there is no configuration.
    private static func keyring() throws -> RegistryKeyring {
        let environment = ProcessInfo.processInfo.environment
        let folder = environment["DOCKER_CONFIG"] ?? environment["HOME"].map { $0 + "/.docker" }
        guard let folder, let bytes = try FileReader.system.read(folder + "/config.json") else {
            return RegistryKeyring()
        }
        do throws(RegistryError) {
            return try DockerConfig(parsing: bytes).keyring
        } catch {
            throw CommandError("\(folder)/config.json: \(error.message)")
        }
    }
}
