import ArgumentParser
import Artifacts
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime

/// Whether and how replicas of the operator agree on one that works; the names are those of Kubernetes' own components.
struct LeaderElectionOptions: ParsableArguments {
    @Flag(help: "Work only while holding a Lease, so that several replicas can run. Without it no Lease is touched.")
    var leaderElect = false

    @Option(help: ArgumentHelp("The name of the Lease.", valueName: "name"))
    var leaderElectResourceName = "modelapp-operator"

    @Option(
        help: ArgumentHelp(
            "The namespace of the Lease. Default: that of the pod, else that of the kubeconfig's context.",
            valueName: "name"
        )
    )
    var leaderElectResourceNamespace: String?

    @Option(help: ArgumentHelp("How long a renewal keeps other replicas away.", valueName: "duration"))
    var leaderElectLeaseDuration = "15s"

    @Option(help: ArgumentHelp("How long the leader tries to renew before it ends.", valueName: "duration"))
    var leaderElectRenewDeadline = "10s"

    @Option(help: ArgumentHelp("How often the leader renews and the others look.", valueName: "duration"))
    var leaderElectRetryPeriod = "2s"

    func validate() throws {
        _ = try timing()
        for (option, name) in [
            ("--leader-elect-resource-name", leaderElectResourceName),
            ("--leader-elect-resource-namespace", leaderElectResourceNamespace ?? "default"),
        ] where !Self.isName(name) {
            throw ValidationError("\(option) must be a DNS label such as modelapp-operator, not \"\(name)\"")
        }
    }

    /// The timing. Throws `ValidationError`, which names the option.
    func timing() throws -> LeaseTiming {
        let timing = LeaseTiming(
            leaseDuration: try duration("--leader-elect-lease-duration", leaderElectLeaseDuration),
            renewDeadline: try duration("--leader-elect-renew-deadline", leaderElectRenewDeadline),
            retryPeriod: try duration("--leader-elect-retry-period", leaderElectRetryPeriod)
        )
        if let problem = timing.problem { throw ValidationError("leader election: \(problem)") }
        return timing
    }

    /// The Lease. Throws `ValidationError` where neither the command line nor the cluster's configuration names a
    /// namespace: replicas that guess differently would all lead.
    func lease(_ configuration: ClusterConfiguration) throws -> ObjectKey {
        guard let namespace = leaderElectResourceNamespace ?? configuration.namespace else {
            throw ValidationError(
                "--leader-elect needs a namespace for its Lease, and the kubeconfig's context names none: pass "
                    + "--leader-elect-resource-namespace"
            )
        }
        return ObjectKey(namespace: namespace, name: leaderElectResourceName)
    }

    private func duration(_ option: String, _ text: String) throws -> Duration {
        do throws(ArtifactError) {
            return try Duration(goText: text)
        } catch {
            throw ValidationError("\(option): \(error)")
        }
    }

    /// RFC 1123 label.
    private static func isName(_ name: String) -> Bool {
        let isDash = { (byte: UInt8) in byte == 45 }
        return (1...63).contains(name.utf8.count) && name.utf8.first.map(isDash) == false
            && name.utf8.last.map(isDash) == false
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || isDash($0) }
    }
}
