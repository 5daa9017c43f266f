import DevCluster
import Foundation
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import ModelAppAPI
import TestSupport

extension ControlPlane {
    /// Lends an embedded API server in place of a real one, over TLS on loopback as a real one is reached, with simulated
    /// controllers and with emulated sources. Whoever has a token may do everything.
    static func withEmbedded(_ body: @Sendable (ControlPlane, Upstreams) async throws -> Void) async throws {
        let api = DevAPIServer(time: .system)
        let registry = try EmulatedRegistry(time: .system)
        let store = try EmulatedS3(.init([:], anonymousRead: true), time: .system)
        let certificate = try DevelopmentCertificate(now: TimeSource.system.date())
        let logger = Logger(label: "embedded") { _ in SwiftLogNoOpLogHandler() }
        let servers = [
            LoopbackServer(api, certificate: certificate, logger: logger), LoopbackServer(registry, logger: logger),
            LoopbackServer(store, logger: logger),
        ]
        // Pods come and go fast: stories that are told a hundred times should not wait for them.
        let options = SimulationOptions(podStart: .milliseconds(200), podStop: .milliseconds(200))
        let controllers = SimulatedControllers(api, options: options)
        let folder = try TemporaryFolder()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in servers { group.addTask { try await server.run() } }
            group.addTask { try await controllers.run() }
            defer { group.cancelAll() }
            let text = kubeconfigText(
                url: try await servers[0].url().origin,
                authority: Array(certificate.authorityPEM.utf8),
                token: "administrator"
            )
            try folder.write(text, to: "kubeconfig")
            let (registry, s3) = (try await servers[1].url().authority, try await servers[2].url().origin)
            try await lend(kubeconfig: folder.path + "/kubeconfig") { plane in
                try await plane.installAccountAndDefinition()
                let upstreams = try Upstreams(plane.pool, registry: registry, s3: s3, store: store)
                try await body(plane, upstreams)
            }
        }
    }

    /// Of the manifests what an operator outside the cluster needs where nobody looks at rights.
    private func installAccountAndDefinition() async throws {
        let manager = FieldManager("tests")
        try await createNamespace("modelapp-system")
        let account = ObjectKey(namespace: "modelapp-system", name: "modelapp-operator")
        try await client.apply(ApplyStep(ServiceAccount.resource, account, .object([:])), fieldManager: manager)
        let definition = APIResource(
            group: "apiextensions.k8s.io",
            version: "v1",
            kind: "CustomResourceDefinition",
            plural: "customresourcedefinitions",
            isNamespaced: false
        )
        let name = ObjectKey(name: "modelapps.modelapp.dev")
        try await client.apply(ApplyStep(definition, name, ModelAppDefinition.document), fieldManager: manager)
    }
}
