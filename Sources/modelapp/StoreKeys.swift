import ArgumentParser
import Artifacts
import Glibc
import HTTPTransport
import KubernetesClient
import ModelAppAPI
import UnixSignals

/// Keys to a model store that the environment holds, by the names that a Secret has them.
enum StoreKeys {
    /// The keys that are set, of those that may open `source`.
    static func ofEnvironment(for source: ModelSource) -> [String: String] {
        var keys: [String: String] = [:]
        for name in names + (source.mlflow == nil ? [] : namesOfMLflow) {
            if let value = getenv(name) { keys[name] = String(cString: value) }
        }
        return keys
    }

    private static let names = [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_KEY",
        "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_TENANT_ID", "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE", "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    ]

    /// Keys to a tracking server, and where the bucket is that its artifacts lie in.
    private static let namesOfMLflow = [
        "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_S3_ENDPOINT_URL",
        "AWS_REGION", "AWS_DEFAULT_REGION",
    ]
}

extension ModelSource {
    /// The hosts that the source itself names, other than those that a provider has.
    var ownHosts: [String] {
        let urls = [azureBlob?.endpoint, s3?.endpoint, mlflow?.url].compactMap { $0 }.compactMap { HTTPURL($0)?.host }
        let registry = oci.flatMap { try? ImageReference($0.repository) }?.registry
        return urls + [registry].compactMap { $0 }
    }
}

extension TLSTrust {
    /// The certificates that a command was told to trust.
    static func chosen(_ options: TLSOptions?, file: String?) throws -> TLSTrust {
        if options?.skipVerify == true { return .insecure }
        guard let file else { return .system }
        do throws(KubernetesError) {
            guard let pem = try FileReader.system.read(file) else {
                throw KubernetesError(.configuration, "there is no file \(file)")
            }
            return .roots(pem: pem)
        } catch {
            throw ValidationError("--ca-file: \(error.message)")
        }
    }
}

/// Runs `work` until it ends or a signal asks to end it: process 1 of a container has no handler of its own, and would be
/// killed at the end of its grace period.
func untilSignal(_ work: @escaping @Sendable () async -> ExitCode) async -> ExitCode {
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    return await withTaskGroup(of: ExitCode?.self) { group in
        group.addTask { await work() }
        group.addTask {
            for await signal in signals { return ExitCode(128 + signal.rawValue) }
            return nil
        }
        let first = await group.next() ?? nil
        group.cancelAll()
        for await _ in group {}
        return first ?? .failure
    }
}
