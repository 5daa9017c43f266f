import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

/// Bar: planted credentials are found nowhere but in Secrets, and go to no host but their own.
@Suite struct CredentialTests {
    private static let thief = "thief.test"

    /// A registry that wants HTTP Basic and sends whoever asks for a manifest elsewhere.
    private static func registry(_ registry: any LocalService, redirecting: Bool) -> Impostor {
        let wanted = "Basic " + Base64Text.encode("robot:\(Plants.password)")
        return Impostor { request in
            guard request.headerFields[.authorization] == wanted else {
                let challenge: HTTPFields = [.wwwAuthenticate: #"Basic realm="registry""#]
                return LocalResponse(.unauthorized, challenge, text: Plants.token, type: "text/plain")
            }
            let path = request.path ?? ""
            if redirecting, path.contains("/manifests/") {
                return LocalResponse(.temporaryRedirect, [.location: "https://\(thief)\(path)"])
            }
            return await registry.handle(request, body: HTTPBodyChunks([]), from: .anonymous)
        }
    }

    private static let dockerConfig =
        #"{"auths":{"registry.test":{"username":"robot","password":"\#(Plants.password)"}}}"#

    @Test func aStoryWithSecretsLeavesThemNowhere() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            cluster.network.connect(
                Cluster.registryHost,
                to: Self.registry(cluster.registry, redirecting: false)
            )
            try await cluster.createSecret("pull", [".dockerconfigjson": Self.dockerConfig])
            try await cluster.createSecret("keys")
            try await cluster.create(secret: "keys")
            try await cluster.edit(spec: ["code": ["auth": ["secretRef": ["name": "pull"]]]])
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                try cluster.uploadVersion("2.0.0")
                try await cluster.converges(code: "1", model: "2.0.0")
            }
            #expect(!cluster.log.lines.isEmpty)
            #expect(cluster.network.authorizations(at: Cluster.registryHost).count == 1)
            #expect(Plants.found(in: cluster) == [])
        }
    }

    @Test func aChangedPullSecretCountsAtTheNextScan() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            cluster.network.connect(
                Cluster.registryHost,
                to: Self.registry(cluster.registry, redirecting: false)
            )
            let wrong = Self.dockerConfig.replacing(Plants.password, with: Plants.token)
            try await cluster.createSecret("pull", [".dockerconfigjson": wrong])
            let template: JSONValue = [
                "spec": ["containers": [["name": "api"]], "imagePullSecrets": [["name": "pull"]]]
            ]
            try await cluster.create(template: template)
            try await cluster.withOperator {
                try await cluster.eventually("it is refused") {
                    let parts = ["spec.target.own.template.spec.imagePullSecrets: ", "check the pull secret"]
                    return cluster.says("CodeResolved", false, "Unauthorized", parts)
                }
                try await cluster.createSecret("pull", [".dockerconfigjson": Self.dockerConfig])
                // Far less than the ten minutes for which a Secret is kept.
                let before = cluster.time.now
                try await cluster.converges(code: "1", model: "1.0.0")
                #expect(cluster.time.now - before < .seconds(300))
            }
            #expect(Plants.found(in: cluster) == [])
        }
    }

    @Test func aRedirectToAnotherHostGetsNoCredential() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            cluster.network.connect(Cluster.registryHost, to: Self.registry(cluster.registry, redirecting: true))
            cluster.network.connect(Self.thief, to: Impostor.portal)
            try await cluster.createSecret("pull", [".dockerconfigjson": Self.dockerConfig])
            try await cluster.create()
            try await cluster.edit(spec: ["code": ["auth": ["secretRef": ["name": "pull"]]]])
            try await cluster.withOperator {
                try await cluster.eventually("it is said") {
                    cluster.condition("CodeResolved")?.isTrue == false
                }
                try await cluster.scans(2)
            }
            #expect(cluster.network.authorizations(at: Self.thief).isEmpty)
            #expect(cluster.live() == nil)
            #expect(Plants.found(in: cluster) == [])
        }
    }

    @Test func keysGoToNoHostThatTheirOwnerDidNotName() async throws {
        let host = "s3.stranger.test"
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            cluster.network.connect(host, to: cluster.store)
            try await cluster.createSecret("keys")
            try await cluster.create(secret: "keys", store: host)
            try await cluster.withOperator {
                try await cluster.eventually("it is refused") {
                    let parts = ["spec.model.s3.endpoint: ", host, "modelapp.dev/hosts"]
                    return cluster.says("ModelResolved", false, "EndpointRefused", parts)
                }
                #expect(!cluster.network.requests.contains { $0.contains(host) })
                let metadata: JSONValue = ["metadata": ["annotations": ["modelapp.dev/hosts": .string(host)]]]
                let manager = FieldManager("kubectl-annotate")
                try await cluster.client.patch(
                    Secret.resource,
                    Cluster.key("keys"),
                    metadata,
                    fieldManager: manager
                )
                try await cluster.converges(code: "1", model: "1.0.0")
            }
            #expect(Plants.found(in: cluster) == [])
        }
    }
}
