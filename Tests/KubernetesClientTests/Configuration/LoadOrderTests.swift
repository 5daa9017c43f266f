import HTTPTransport
import KubernetesClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct LoadOrderTests {
    private static let folder = ClusterConfiguration.serviceAccountFolder
    private static let pod = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "HOME": "/root"]
    private static func file(_ host: String) -> String { Fixture.kubeconfig(cluster: "server: https://\(host)") }
    private static let files = [
        "/flag": file("flag"), "/env": file("env"), "/root/.kube/config": file("home"),
        folder + "/token": " sa-token\n",
        folder + "/ca.crt": Fixture.certificate, folder + "/namespace": "system\n",
    ]

    private func host(
        kubeconfig: String? = nil,
        context: String? = nil,
        _ environment: [String: String] = pod,
        without: String? = nil
    ) async throws -> String {
        var files = Self.files
        if let without { files[without] = nil }
        let sources = Fixture.sources(files, environment: environment)
        return try await ClusterConfiguration.load(kubeconfig: kubeconfig, context: context, from: sources).server.host
    }

    @Test func flagThenEnvironmentThenPodThenHome() async throws {
        let all = Self.pod.merging(["KUBECONFIG": "/env"]) { $1 }
        #expect(try await host(kubeconfig: "/flag", all) == "flag")
        #expect(try await host(all) == "env")
        #expect(try await host() == "10.0.0.1")
        #expect(try await host(["HOME": "/root"]) == "home")
    }

    @Test func namedContextPassesOverThePod() async throws {
        #expect(try await host(context: "one") == "home")
    }

    @Test func placeThatCannotBeUsedIsNotPassedOver() async {
        let all = Self.pod.merging(["KUBECONFIG": "/typo"]) { $1 }
        await #expect(throws: KubernetesError.self) { try await host(all) }
        await #expect(throws: KubernetesError.self) { try await host(kubeconfig: "/typo") }
        await #expect(throws: KubernetesError.self) { try await host(without: Self.folder + "/token") }
        await #expect(throws: KubernetesError.self) { try await host(without: Self.folder + "/ca.crt") }
    }

    @Test func nothingFoundSaysWhatToDo() async {
        let error = await #expect(throws: KubernetesError.self) {
            try await host(["HOME": "/root"], without: "/root/.kube/config")
        }
        #expect(error?.message.contains("pass --kubeconfig or set KUBECONFIG") == true)
    }

    @Test func podsConfigurationIsRead() async throws {
        let configuration = try ClusterConfiguration.inCluster(from: Fixture.sources(Self.files, environment: Self.pod))
        #expect(configuration.server.description == "https://10.0.0.1/")
        #expect(configuration.trust == .roots(pem: Array(Fixture.certificate.utf8)))
        #expect(configuration.defaultNamespace == "system")
        #expect(try await configuration.credential.authorization() == "Bearer sa-token")
    }

    @Test func addressOfTheServiceMayBeIPv6() throws {
        let environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"]
        let configuration = try ClusterConfiguration.inCluster(
            from: Fixture.sources(Self.files, environment: environment)
        )
        #expect(configuration.server.description == "https://[fd00::1]:6443/")
    }

    @Test(arguments: ["", "a b", "x/y?z"])
    func serviceHostMustBeAHost(host: String) {
        let environment = ["KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"]
        #expect(throws: KubernetesError.self) {
            try ClusterConfiguration.inCluster(from: Fixture.sources(Self.files, environment: environment))
        }
    }

    @Test func missingNamespaceIsDefault() throws {
        var files = Self.files
        files[Self.folder + "/namespace"] = nil
        let configuration = try ClusterConfiguration.inCluster(from: Fixture.sources(files, environment: Self.pod))
        #expect(configuration.defaultNamespace == "default")
    }

    @Test func tokenIsReadAtMostOnceInFiftySeconds() async throws {
        let clock = TestClock()
        let disk = Disk(Self.files)
        let sources = ConfigurationSources(environment: Self.pod, files: disk.reader, time: clock.timeSource())
        let configuration = try ClusterConfiguration.inCluster(from: sources)
        let reads = disk.reads
        for _ in 0..<100 { _ = try await configuration.credential.authorization() }
        #expect(disk.reads == reads)
        clock.advance(by: .seconds(51))
        for _ in 0..<100 { _ = try await configuration.credential.authorization() }
        #expect(disk.reads == reads + 1)
    }
}
