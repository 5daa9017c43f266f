import AsyncHTTPTransport
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Schedules
import Selection

/// Looks at a ModelApp as the operator would, once and without changing anything.
struct Inspection {
    /// The cluster; nil where there is none.
    let client: Client?
    private let resolver: Resolver
    /// Why there is no cluster to compare with; empty if there is one.
    let offlineReason: String

    var isOffline: Bool { client == nil }
    var defaultNamespace: String { client?.configuration.defaultNamespace ?? "default" }

    static func open(
        _ cluster: ClusterOptions,
        offline: Bool,
        pool: ClientPool,
        allowing hosts: [String],
        logger: Logger
    ) async throws -> Inspection {
        // Acts for the person who runs it, and with no more rights than that person has.
        let clouds = try CloudAccess.ofProcess(pool: pool, tenants: .everyone)
        let access = SourceAccess.network(pool: pool, allowing: hosts, clouds: clouds)
        var client: Client?
        var reason = "--offline"
        if !offline {
            do {
                client = try await cluster.client(pool: pool, time: .system, logger: logger)
            } catch let error as KubernetesError {
                // A kubeconfig that was named must work; one that is not there only means that there is no cluster.
                if cluster.kubeconfig != nil { throw error }
                reason = error.message
            }
        }
        let nowhere = Client(
            transport: NoTransport(),
            configuration: ClusterConfiguration(server: HTTPURL(scheme: "https", host: "none")),
            time: .system,
            logger: logger
        )
        return Inspection(
            client: client,
            resolver: Resolver(client: client ?? nowhere, access: access, time: .system),
            offlineReason: client == nil ? reason : ""
        )
    }

    private init(client: Client?, resolver: Resolver, offlineReason: String) {
        self.client = client
        self.resolver = resolver
        self.offlineReason = offlineReason
    }

    func modelApp(_ key: ObjectKey) async throws -> ModelApp? { try await client?.get(ModelApp.self, key) }

    /// What the cluster and the sources say about `app`.
    func inspect(_ app: ModelApp) async throws -> (observation: Observation, resolution: Resolution) {
        let observation = try await observe(app)
        if !observation.check.problems.isEmpty { return (observation, .pending) }
        return (observation, await resolver.resolve(observation.app, observation: observation).resolution)
    }

    /// What the sources of `app` hold, and the clocks of its time zones.
    func record(of app: ModelApp) async throws -> (record: SourceRecord, zones: [String: TimeZoneRules]) {
        var app = app
        if app.metadata.namespace.isEmpty { app.metadata.namespace = defaultNamespace }
        do throws(ResolutionFailure) {
            return (try await resolver.record(of: app), resolver.zones(of: app.spec))
        } catch {
            throw CommandError("\(error.reason): \(error.message)")
        }
    }

    /// What the cluster says about `app`.
    func observe(_ app: ModelApp) async throws -> Observation {
        var app = app
        if app.metadata.namespace.isEmpty { app.metadata.namespace = defaultNamespace }
        var observation = Observation(app: app, deployment: nil, service: nil, releases: [])
        if let client {
            if let live = try await client.get(ModelApp.self, app.key) {
                let spec = app.spec
                app = live
                app.spec = spec
            }
            observation.app = app
            if app.spec.target.adopt != nil {
                let deployment = try await client.getJSON(Deployment.resource, app.deploymentKey)
                observation.deployment = try deployment.map { try Deployment(json: $0) }
                observation.fieldOwners = FieldOwners(deployment ?? .object([:]))
                observation.holder = try await holder(of: observation.deployment, besides: app, client)
            }
            observation.service = try await client.get(Service.self, app.key)
            let selector = "\(Keys.name)=\(app.metadata.name)"
            let page = try await client.list(
                ControllerRevision.self,
                in: .only(app.metadata.namespace),
                ListOptions(labelSelector: selector)
            )
            observation.releases = page.items.compactMap(StoredRelease.init)
            if app.spec.target.adopt == nil {
                observation.arrange(
                    a: try await client.get(Deployment.self, Slot.a.key(of: app.key)),
                    b: try await client.get(Deployment.self, Slot.b.key(of: app.key))
                )
            }
            observation.upstreams = try await upstreams(of: app, client)
            observation.candidate = try await client.get(Deployment.self, OwnedNames.candidate(of: app.key))
            if observation.needsPods {
                let options = ListOptions(labelSelector: selector, limit: 100)
                // Who may not see pods sees the rest.
                observation.pods = try? await client.list(Pod.self, in: .only(app.metadata.namespace), options).items
            }
        }
        return observation
    }
}

extension Inspection {
    /// The other ModelApp that has claimed `deployment`, if it lives.
    private func holder(of deployment: Deployment?, besides app: ModelApp, _ client: Client) async throws -> Claim? {
        guard let claim = deployment.flatMap({ Claim(on: $0.metadata) }), claim != Claim(of: app) else { return nil }
        let holder = try await client.getJSON(ModelApp.resource, claim.holder)
        return holder?["metadata"]?["uid"]?.string == claim.uid ? claim : nil
    }

    /// The ModelApps that `app` waits for, as far as the person who asks may see them.
    private func upstreams(of app: ModelApp, _ client: Client) async throws -> [Upstream] {
        var found: [Upstream] = []
        for key in Set(app.afterKeys).sorted() {
            do throws(KubernetesError) {
                guard let other = try await client.get(ModelApp.self, key) else { continue }
                let options = ListOptions(labelSelector: "\(Keys.name)=\(key.name)")
                let page = try await client.list(ControllerRevision.self, in: .only(key.namespace), options)
                let owned = page.items.filter { $0.metadata.controller?.uid == other.metadata.uid }
                found.append(Upstream(other, releases: owned.compactMap(StoredRelease.init)))
            } catch {
                guard error.isForbidden else { throw error }
            }
        }
        return found
    }
}

/// Refuses every request: there is no cluster.
private struct NoTransport: HTTPTransport {
    func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        throw HTTPTransportError(.connect, "there is no cluster to read Secrets from")
    }
}

/// Reads ModelApps from a file.
enum ManifestFile {
    /// The ModelApps in `path`. Throws naming the file, the document and the field.
    static func modelApps(_ path: String) throws -> [ModelApp] {
        let bytes = try readFile(path)
        var apps: [ModelApp] = []
        let documents: [JSONValue]
        do { documents = try YAML.documents(bytes) } catch { throw CommandError("\(path): \(error)") }
        for document in documents where document["kind"]?.string == ModelApp.resource.kind {
            let problems = ModelAppDefinition.schema.problems(with: document, refusesUnknown: true) { pattern, text in
                (try? Pattern(pattern))?.matches(text) ?? true
            }.filter { !$0.field.hasPrefix("metadata.") || $0.field == "metadata.name" }
            guard problems.isEmpty else {
                throw CommandError("\(path): " + problems.map(\.description).joined(separator: "\n"))
            }
            do {
                apps.append(try ModelApp(json: ModelAppDefinition.schema.stored(document, prunes: false)))
            } catch {
                throw CommandError("\(path): \(error)")
            }
        }
        guard !apps.isEmpty else { throw CommandError("\(path) holds no ModelApp") }
        return apps
    }
}
