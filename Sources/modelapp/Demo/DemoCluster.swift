import Artifacts
import DevCluster
import Glibc
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import ServiceLifecycle

/// The servers of the demo, all on loopback: an API server, a registry, Azure Blob Storage and S3.
struct DemoCluster: Sendable {
    static let account = "devopsblogstorage"
    static let accessKey = "AKIADEMO"

    let api: DevAPIServer
    let registry: EmulatedRegistry
    let blob: EmulatedAzureBlob
    let s3: EmulatedS3
    let services: [any ServiceLifecycle.Service]
    /// Where the kubeconfig and the blobs lie.
    let folder: String
    let blobKey: String
    let s3Secret: String
    private let apiServer: LoopbackServer
    private let registryServer: LoopbackServer
    private let blobServer: LoopbackServer
    private let s3Server: LoopbackServer
    private let certificate: DevelopmentCertificate
    private let token: String

    init(logger: Logger) throws {
        let time = TimeSource.system
        func secret() -> String {
            String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
        }
        token = secret()
        s3Secret = secret()
        folder = try TemporaryFolder.make("modelapp-demo")
        certificate = try DevelopmentCertificate(now: time.date())
        api = DevAPIServer(.init(tokens: [token: APIServerUser(name: "demo", groups: ["system:masters"])]), time: time)
        registry = try EmulatedRegistry(.init(), time: time)
        let access = EmulatedAzureBlob.Access(
            account: Self.account,
            key: (0..<32).map { _ in UInt8.random(in: 0...255) }
        )
        blobKey = access.encodedKey
        blob = try EmulatedAzureBlob(access, folder: folder + "/blobs", time: time)
        s3 = try EmulatedS3(.init([Self.accessKey: s3Secret]), time: time)
        apiServer = LoopbackServer(api, certificate: certificate, logger: logger)
        registryServer = LoopbackServer(registry, logger: logger)
        blobServer = LoopbackServer(blob, logger: logger)
        s3Server = LoopbackServer(s3, logger: logger)
        services = [apiServer, registryServer, blobServer, s3Server, SimulatedControllers(api)]
    }

    /// Where everything answers, once all of it does.
    func addresses() async throws -> Addresses {
        let server = try await apiServer.url()
        let kubeconfig = folder + "/kubeconfig"
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "Config", "current-context": "demo",
            "clusters": [
                [
                    "name": "demo",
                    "cluster": [
                        "server": .string(server.origin),
                        "certificate-authority-data": .string(Base64.encode(certificate.authorityPEM.utf8)),
                    ],
                ]
            ],
            "users": [["name": "demo", "user": ["token": .string(token)]]],
            "contexts": [
                ["name": "demo", "context": ["cluster": "demo", "user": "demo", "namespace": "prod"]]
            ],
        ]
        try TemporaryFolder.write(YAML.text(of: document), to: kubeconfig, mode: 0o600)
        return Addresses(
            kubeconfig: kubeconfig,
            registry: try await registryServer.url().authority,
            blob: try await blobServer.url().origin + "/" + Self.account,
            s3: try await s3Server.url().origin
        )
    }

    struct Addresses: Sendable {
        var kubeconfig: String
        var registry: String
        var blob: String
        var s3: String
    }

    /// A client of the API server that needs no socket.
    func client(logger: Logger) -> Client {
        Client(
            transport: InProcessTransport(to: api),
            configuration: ClusterConfiguration(
                server: HTTPURL(scheme: "https", host: "127.0.0.1"),
                credential: BearerToken(token)
            ),
            time: .system,
            logger: logger
        )
    }

    /// Everything a script needs to use the cluster.
    func json(_ addresses: Addresses) -> JSONValue {
        [
            "kubeconfig": .string(addresses.kubeconfig), "registry": .string(addresses.registry),
            "blob": [
                "url": .string(addresses.blob), "account": .string(Self.account), "key": .string(blobKey),
            ],
            "s3": [
                "url": .string(addresses.s3), "accessKeyId": .string(Self.accessKey),
                "secretAccessKey": .string(s3Secret),
            ],
        ]
    }

    func removeFiles() { TemporaryFolder.remove(folder) }
}
