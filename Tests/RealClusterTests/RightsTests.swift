import TestSupport
import Testing

/// What the shipped roles grant, as the API server itself answers it.
@Suite(
    .enabled(if: TestPeer.controlPlane.isExpected, TestPeer.controlPlane.reason),
    .timeLimit(.minutes(2))
)
struct RightsTests {
    @Test func theOperatorMayDoWhatItNeedsAndNothingElse() async throws {
        let namespace = "rights-" + String(UInt32.random(in: .min ... .max), radix: 36)
        try await ControlPlane.withShared { plane in
            try await plane.installManifests()
            try await plane.createNamespace(namespace)
            let before = try await ask(plane, ["get", "secrets", "-n", namespace])
            #expect(before == "no", "Secrets can be read without a Role")
            try await plane.grantSecrets(in: namespace)
            for right in Self.granted {
                #expect(try await ask(plane, right + ["-n", namespace]) == "yes", "\(right.joined(separator: " "))")
            }
            for right in Self.denied {
                #expect(try await ask(plane, right + ["-n", namespace]) == "no", "\(right.joined(separator: " "))")
            }
            for right in Self.deniedElsewhere {
                #expect(try await ask(plane, right) == "no", "\(right.joined(separator: " "))")
            }
            try await plane.removeNamespace(namespace)
        }
    }

    private static let granted = [
        "get secrets", "watch modelapps.modelapp.dev", "patch modelapps.modelapp.dev --subresource=status",
        "create deployments.apps", "patch services", "watch pods", "delete controllerrevisions.apps",
    ].map(words)

    private static let denied = [
        "list secrets", "watch secrets", "create secrets", "get configmaps", "create jobs.batch",
        "create serviceaccounts --subresource=token",
        "create modelapps.modelapp.dev", "patch modelapps.modelapp.dev", "delete modelapps.modelapp.dev",
        "get pods", "get pods --subresource=log", "create pods", "create pods --subresource=exec",
        "create rolebindings.rbac.authorization.k8s.io",
        "get leases.coordination.k8s.io", "deletecollection deployments.apps", "delete namespaces",
    ].map(words)

    private static let deniedElsewhere = [
        "get secrets -n kube-system", "list secrets -n kube-system", "watch secrets -n kube-system",
        "list secrets --all-namespaces", "get secrets -n default",
        "create serviceaccounts -n kube-system --subresource=token",
        "create serviceaccounts -n modelapp-system --subresource=token", "impersonate users",
        "impersonate serviceaccounts",
        "escalate clusterroles.rbac.authorization.k8s.io", "bind clusterroles.rbac.authorization.k8s.io",
        "get nodes --subresource=proxy", "get secrets -n modelapp-system",
    ].map(words)

    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

    private func ask(_ plane: ControlPlane, _ right: [String]) async throws -> String? {
        let output = try await plane.kubectl(
            ["auth", "can-i"] + right + ["--as", ControlPlane.operatorAccount],
            mayFail: true
        )
        // Warnings about resources without namespaces come before.
        return output.split(separator: "\n").last.map(String.init)
    }
}
