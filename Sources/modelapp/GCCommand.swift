import ArgumentParser
import Artifacts
import AsyncHTTPTransport
import ContainerRegistry
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import Logging
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Trust

/// Removes baked images that no ModelApp keeps any more.
struct GCCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Removes the images of releases that no ModelApp keeps, from the repositories of baked images.",
        discussion: """
            Names them, and removes them with --yes. Reads all ModelApps and releases of the cluster first, and does nothing \
            where it may not: a repository must not be used by two clusters. The signatures by cosign of an image go with \
            it, and so do receipts. Tags of other forms than r-RELEASE, c-RELEASE and m-REVISION stay. Exit status: 0 also where there is nothing to do, 1 something could not be read or removed.
            """
    )

    @Flag(help: "Removes them.")
    var yes = false

    @Option(
        help: ArgumentHelp(
            "A repository besides those that ModelApps name: of ModelApps that are gone. Repeatable.",
            valueName: "repository"
        )
    )
    var repository: [String] = []

    @OptionGroup var registries: RegistryOptions

    @Option(
        help: ArgumentHelp(
            "Certificates (PEM) that registries are checked against, instead of the system's.",
            valueName: "path"
        )
    )
    var caFile: String?

    @OptionGroup var cluster: ClusterOptions

    func run() async throws {
        let logger = Logger(label: "gc") {
            var handler = StreamLogHandler.standardError(label: $0)
            handler.logLevel = .error
            return handler
        }
        let keyring = try registries.keyring()
        let trust = try TLSTrust.chosen(nil, file: caFile)
        try await ClientPool.with { pool in
            let client = try await cluster.client(pool: pool, time: .system, logger: logger)
            let (tags, repositories) = try await needs(client)
            let registry = try registries.client(pool: pool, trust: trust, keyring: keyring)
            var problems = 0
            for name in repositories.sorted() { problems += try await clean(name, tags, registry) }
            if problems > 0 { throw ExitCode.failure }
        }
    }

    /// What is needed, and the repositories in question.
    private func needs(_ client: Client) async throws -> (BakedTags, Set<String>) {
        let apps = try await all(ModelApp.self, client)
        let revisions = try await all(ControllerRevision.self, client, ListOptions(labelSelector: Keys.name))
        let releases = Dictionary(grouping: revisions) { $0.metadata.controller?.uid ?? "" }
        var tags = BakedTags()
        var repositories = Set(try repository.map { try reference($0).name })
        for app in apps {
            let stored = (releases[app.metadata.uid] ?? []).compactMap(StoredRelease.init)
            tags.keep(app, stored)
            if let baked = app.spec.delivery.baked, let name = try? reference(baked.repository).name {
                repositories.insert(name)
            }
            for kept in stored where kept.release.mode == .baked {
                if let name = try? reference(kept.release.image).name { repositories.insert(name) }
            }
        }
        return (tags, repositories)
    }

    private func all<Object: KubernetesObject>(
        _ type: Object.Type,
        _ client: Client,
        _ options: ListOptions = ListOptions()
    ) async throws -> [Object] {
        var options = options
        options.limit = 500
        var objects: [Object] = []
        while true {
            let page = try await client.list(type, in: .all, options)
            objects += page.items
            guard let token = page.continueToken, !token.isEmpty else { return objects }
            options.continueToken = token
        }
    }

    /// How many tags could not be removed.
    private func clean(_ name: String, _ tags: BakedTags, _ client: RegistryClient) async throws -> Int {
        let repository = try reference(name)
        let listed: [String]
        do throws(RegistryError) {
            listed = try await client.tags(of: repository).map(\.name).sorted()
        } catch {
            if error.code == .notFound { return 0 }
            StandardError.write("\(error.message)\n")
            return 1
        }
        var problems = 0
        let kept = listed.filter { !tags.isUnneeded($0) }
        for tag in listed where tags.isUnneeded(tag) {
            do throws(RegistryError) {
                // What is about it first: once the image is gone, nothing says whose they were.
                let beside = try await besides(tag, repository, listed, kept: kept, client)
                for tag in beside + [tag] {
                    if yes { try await remove(tag, repository, others: kept.filter { $0 != tag }, client) }
                    StandardOutput.write("\(yes ? "removed" : "would remove") \(name):\(tag)\n")
                }
            } catch {
                StandardError.write("\(error.message)\n")
                problems += 1
            }
        }
        return problems
    }

    /// The tags with what is about an image, its signatures and the list that stands in for a registry's own, where no
    /// tag that stays names the same image.
    private func besides(
        _ tag: String,
        _ repository: ImageReference,
        _ listed: [String],
        kept: [String],
        _ client: RegistryClient
    ) async throws(RegistryError) -> [String] {
        // Only images are signed: the layers of models are parts of them.
        guard tag.hasPrefix("r-"), listed.contains(where: { $0.hasPrefix("sha256-") }),
            let digest = try await client.resolve(repository, tag: tag)
        else { return [] }
        let signatures = CosignSignature.tag(of: digest)
        let beside = [signatures, String(signatures.dropLast(".sig".count))].filter(listed.contains)
        guard !beside.isEmpty else { return [] }
        // An edit of the template makes a release of the same image.
        for other in kept where other.hasPrefix("r-") {
            if try await client.resolve(repository, tag: other) == digest { return [] }
        }
        return beside
    }

    /// Removes a tag or, in a registry that removes only manifests, its manifest, unless a tag that stays has the same.
    private func remove(
        _ tag: String,
        _ repository: ImageReference,
        others: [String],
        _ client: RegistryClient
    ) async throws(RegistryError) {
        guard let digest = try await client.resolve(repository, tag: tag) else { return }
        if try await client.delete(tag, in: repository) { return }
        for other in others where try await client.resolve(repository, tag: other) == digest {
            throw RegistryError(
                .rejected,
                "\(repository.name):\(tag): the registry removes no tags, and \(other) names the same image; it stays"
            )
        }
        guard try await client.delete(digest.description, in: repository) else {
            throw RegistryError(
                .rejected,
                "\(repository.name):\(tag): the registry removes nothing; allow it there, or use its own rules"
            )
        }
    }

    private func reference(_ text: String) throws -> ImageReference {
        do throws(ArtifactError) {
            return try ImageReference(text)
        } catch {
            throw CommandError(error.message)
        }
    }
}
