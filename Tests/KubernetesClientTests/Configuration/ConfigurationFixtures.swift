import Artifacts
import HTTPTransport
import JSON
import KubernetesClient
import Synchronization
import TestSupport

enum Fixture {
    static let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    static let key = "-----BEGIN PRIVATE KEY-----\nBBBB\n-----END PRIVATE KEY-----\n"
    static let certificateData =
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="
    static let keyData = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCkJCQkIKLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo="

    /// A kubeconfig with one context; the texts are the members of its cluster and user.
    static func kubeconfig(
        cluster: String = "server: https://k8s.example:6443",
        user: String = "token: t0ken"
    ) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: one
        contexts:
        - name: one
          context: {cluster: c, user: u, namespace: team}
        clusters:
        - name: c
          cluster:
            \(cluster.split(separator: "\n").joined(separator: "\n    "))
        users:
        - name: u
          user:
            \(user.split(separator: "\n").joined(separator: "\n    "))
        """
    }

    static func sources(
        _ files: [String: String] = [:],
        environment: [String: String] = [:],
        programs: ProgramRunner = .init { program throws(KubernetesError) in
            throw KubernetesError(.configuration, "the program \(program.command) is not installed")
        },
        time: TimeSource = TestClock().timeSource()
    ) -> ConfigurationSources {
        ConfigurationSources(environment: environment, files: FileReader(files), programs: programs, time: time)
    }

    /// The configuration of the only context of a kubeconfig at `/etc/k/config`.
    static func load(
        _ kubeconfig: String,
        files: [String: String] = [:],
        context: String? = nil
    ) async throws -> ClusterConfiguration {
        let all = files.merging(["/etc/k/config": kubeconfig]) { $1 }
        return try await ClusterConfiguration.load(
            kubeconfig: "/etc/k/config",
            context: context,
            from: sources(all)
        )
    }

    /// Why a kubeconfig is refused.
    static func refusal(_ kubeconfig: String, files: [String: String] = [:], context: String? = nil) async -> String {
        do {
            _ = try await load(kubeconfig, files: files, context: context)
            return "(accepted)"
        } catch let error as KubernetesError where error.code == .configuration {
            return error.message
        } catch {
            return "another error: \(error)"
        }
    }
}

/// Files that a test changes.
final class Disk: Sendable {
    private let files: Mutex<[String: String]>
    private let count = Mutex(0)

    init(_ files: [String: String]) { self.files = Mutex(files) }

    var reads: Int { count.withLock { $0 } }
    subscript(path: String) -> String? {
        get { files.withLock { $0[path] } }
        set { files.withLock { $0[path] = newValue } }
    }

    var reader: FileReader {
        FileReader { path in
            self.count.withLock { $0 += 1 }
            return self[path].map { Array($0.utf8) }
        }
    }
}
