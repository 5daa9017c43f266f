import Artifacts
import CloudIdentity
import Foundation
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Metrics
import ModelAppAPI
import ReleasePlanning
import Synchronization
import TestSupport

@testable import ModelAppController

/// The API server, the clouds and the sources of a ModelApp that uses an identity, as one transport that knows them by
/// their hosts.
struct IdentityScene: Sendable {
    static let azure: JSONValue = [
        "modelapp.dev/allow": "true", "azure.workload.identity/client-id": "client",
        "azure.workload.identity/tenant-id": "tenant",
    ]
    static let aws: JSONValue = [
        "modelapp.dev/allow": "true", "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/models",
    ]

    let clock = TestClock()
    let transport: FakeTransport
    let code: CodeResolver
    let model: ModelResolver

    /// - Parameters:
    ///   - annotations: those of every ServiceAccount.
    ///   - secret: the values of every Secret.
    ///   - source: answers what is no API server and no cloud; nil for 404.
    init(
        annotations: JSONValue = .object([:]),
        secret: [String: String] = [:],
        environment: [String: String] = [:],
        tenants: CloudAccess.Tenants = .namespaces([]),
        source: @escaping @Sendable (HTTPRequest, [UInt8]) -> FakeTransport.Answer? = { _, _ in nil }
    ) throws {
        let turn = Mutex(0)
        transport = FakeTransport { request, body in
            if let answer = source(request, body) { return answer }
            let path = request.path ?? ""
            switch request.authority {
            case "kubernetes.test": return Self.kubernetes(path, annotations, secret)
            case "login.microsoftonline.com":
                let number = turn.withLock { turn in
                    turn += 1
                    return turn
                }
                return .init(200, [:], #"{"access_token":"entra\#(number)","expires_in":3599}"#)
            case let host? where host.hasPrefix("sts."):
                let number = turn.withLock { turn in
                    turn += 1
                    return turn
                }
                return .init(
                    200,
                    [:],
                    "<a><AccessKeyId>ASIA\(number)</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>"
                        + "<SessionToken>session</SessionToken></a>"
                )
            default: return .init(404, [:], "")
            }
        }
        let time = clock.timeSource()
        let transport = transport
        let clouds = try CloudAccess(
            channel: IdentityChannel(transport: transport, time: time, random: { 0.5 }),
            environment: environment,
            tenants: tenants
        ) { _ in throw IdentityError(.configuration, "there are no files") }
        let access = SourceAccess(transport: { _ in transport }, clouds: clouds, random: { 0.5 })
        let client = Client(
            transport: transport,
            configuration: ClusterConfiguration(
                server: HTTPURL(scheme: "https", host: "kubernetes.test"),
                credential: NoCredential()
            ),
            time: time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let secrets = SecretReader(client: client, time: time)
        let accounts = ServiceAccountIdentities(client: client, time: time)
        let hosts = HostBackoff(time: time)
        let metrics = NOOPMetricsHandler.instance
        code = CodeResolver(
            access: access,
            secrets: secrets,
            accounts: accounts,
            hosts: hosts,
            time: time,
            metrics: metrics
        )
        model = ModelResolver(
            access: access,
            secrets: secrets,
            accounts: accounts,
            hosts: hosts,
            time: time,
            metrics: metrics
        )
    }

    private static func kubernetes(
        _ path: String,
        _ annotations: JSONValue,
        _ secret: [String: String]
    ) -> FakeTransport.Answer {
        let parts = path.split(separator: "/").map(String.init)
        let namespace = parts.count > 3 ? parts[3] : ""
        if path.hasSuffix("/token") {
            let answer: JSONValue = ["status": ["token": .string("token-of-\(namespace)-\(parts[5])")]]
            return .init(201, [:], answer.canonicalText)
        }
        if path.contains("/serviceaccounts/") {
            let answer: JSONValue = [
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": [
                    "name": .string(parts.last ?? ""), "namespace": .string(namespace),
                    "uid": .string("uid-\(namespace)"),
                    "annotations": annotations,
                ],
            ]
            return .init(200, [:], answer.canonicalText)
        }
        let data = secret.mapValues { JSONValue.string(Data($0.utf8).base64EncodedString()) }
        let answer: JSONValue = [
            "apiVersion": "v1", "kind": "Secret", "data": .object(data),
            "metadata": ["name": "s", "namespace": .string(namespace), "uid": "u", "resourceVersion": "1"],
        ]
        return .init(200, [:], answer.canonicalText)
    }

    /// A ModelApp whose halves have these sources.
    static func app(
        namespace: String = "prod",
        image: String = "a.azurecr.io/api",
        code: JSONValue? = nil,
        model: JSONValue = ["azureBlob": ["account": "account", "container": "models", "prefix": ""]],
        auth: JSONValue? = nil
    ) throws -> ModelApp {
        var codeSource: JSONValue = ["image": .string(image), "select": ["numerical": .object([:])]]
        codeSource["auth"] = code
        var modelSource = model
        modelSource["objects"] = ["a.onnx"]
        modelSource["auth"] = auth
        return try ModelApp(json: [
            "apiVersion": "modelapp.dev/v1alpha1", "kind": "ModelApp",
            "metadata": ["name": "app", "namespace": .string(namespace), "generation": 1],
            "spec": [
                "code": codeSource, "model": modelSource, "delivery": ["mode": "Reference"],
                "target": ["own": ["template": ["spec": ["containers": [["name": "api"]]]]]],
            ],
        ])
    }

    /// Why the model's look-up failed.
    func modelFailure(_ app: ModelApp) async -> ResolutionFailure? {
        guard case .failed(let failure) = await model.resolve(app, running: nil, isRequested: false).resolution else {
            return nil
        }
        return failure
    }

    /// Why the code's look-up failed or found nothing.
    func codeFailure(_ app: ModelApp) async -> ResolutionFailure? {
        switch await code.resolve(app, running: nil, isRequested: false).resolution {
        case .failed(let failure), .nothingCounts(let failure, _): failure
        default: nil
        }
    }

    /// Hosts that were asked, in order.
    var hosts: [String] { transport.exchanges.compactMap(\.request.authority) }

    /// What was sent to a host.
    func sent(to host: String) -> [FakeTransport.Exchange] {
        transport.exchanges.filter { $0.request.authority == host }
    }
}
