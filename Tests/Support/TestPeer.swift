import Foundation
public import Testing

/// Another program that a test needs and `scripts/test` starts, by the variable that says where it is.
///
/// A suite that needs one is `.enabled(if: peer.isExpected, peer.reason)`: without the peer it is skipped and the reason
/// is printed; in CI it runs and fails.
public struct TestPeer: Sendable {
    /// The environment variable.
    public let variable: String
    /// What it is.
    public let name: String

    /// A Kubernetes control plane; the value is an administrator's kubeconfig.
    public static let controlPlane = TestPeer(variable: "MODELAPP_TEST_KUBECONFIG", name: "a Kubernetes control plane")
    /// The folder of a control plane that belongs to the tests, so that they may start others like it.
    public static let ownControlPlane = TestPeer(variable: "ENVTEST_DIR", name: "a control plane of the tests' own")
    /// A container registry, `host:port`, plain HTTP.
    public static let registry = TestPeer(variable: "MODELAPP_TEST_REGISTRY", name: "a container registry")
    /// An S3 server, by its URL.
    public static let s3 = TestPeer(variable: "MODELAPP_TEST_S3", name: "an S3 server")

    /// The real MLflow, by its URL; `scripts/test-peers` starts it.
    public static let mlflow = TestPeer(variable: "MODELAPP_TEST_MLFLOW", name: "an MLflow server")

    /// Where the peer is; nil where there is none.
    public var value: String? {
        ProcessInfo.processInfo.environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether tests that need the peer run: where it is there, and in CI always, so that they fail if it is not.
    public var isExpected: Bool { value != nil || Tool.isCI }

    /// Why tests that need the peer do not run.
    public var reason: Comment { "\(name) is missing: \(variable) is not set (scripts/test sets it)" }

    /// Where the peer is.
    public func require() throws -> String { try #require(value, reason) }
}
