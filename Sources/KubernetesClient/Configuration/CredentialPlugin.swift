import Artifacts
import JSON

/// A program that issues credentials (client-go `pkg/apis/clientauthentication`), as a kubeconfig names it. Prints
/// without arguments and environment, which may hold secrets.
public struct CredentialPlugin: Sendable, Hashable, CustomStringConvertible {
    /// The file and member it was read from, for messages.
    public var origin: String
    /// `client.authentication.k8s.io/v1` or `/v1beta1`.
    public var apiVersion: String
    /// A path, or a name that is looked up in `PATH`.
    public var command: String
    /// The arguments.
    public var arguments: [String]
    /// Variables in addition to this process's own.
    public var environment: [String: String]
    /// What to do where the program is missing.
    public var installHint: String
    /// Whether the program is told which cluster it is for.
    public var wantsClusterInfo: Bool

    /// The command.
    public var description: String { command }

    init(_ field: ConfigurationField) throws(KubernetesError) {
        origin = field.place
        apiVersion = try field.string("apiVersion") ?? ""
        let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
        guard versions.contains(apiVersion) else {
            throw field.member("apiVersion").fail("must be \(versions.joined(separator: " or "))")
        }
        guard let command = try field.string("command"), !command.isEmpty else {
            throw field.member("command").fail("is not set")
        }
        // A name without a slash is looked up in PATH, everything else is relative to the file.
        self.command = command.contains("/") ? ConfigurationField.resolve(command, besides: field.file) : command
        arguments = []
        for argument in try field.list("args") {
            guard let text = argument.value.string, !text.utf8.contains(0) else {
                throw argument.fail("must be a string; put it in quotes")
            }
            arguments.append(text)
        }
        environment = [:]
        for variable in try field.list("env") {
            guard let name = try variable.string("name"), !name.isEmpty, !name.contains("=") else {
                throw variable.fail("must have a name without \"=\"")
            }
            environment[name] = try variable.string("value") ?? ""
        }
        installHint = try field.string("installHint") ?? ""
        wantsClusterInfo = try field.bool("provideClusterInfo")
        try Self.checkMode(field, isStable: apiVersion == versions[0])
    }

    private static func checkMode(_ field: ConfigurationField, isStable: Bool) throws(KubernetesError) {
        switch try field.string("interactiveMode") ?? "" {
        case "Never", "IfAvailable": return
        case "" where !isStable: return
        case "": throw field.member("interactiveMode").fail("must be set: Never, or IfAvailable")
        case "Always": throw field.member("interactiveMode").fail("Always needs a terminal, which there is not")
        case let other: throw field.member("interactiveMode").fail("is \(other); known are Never and IfAvailable")
        }
    }
}

/// What a plugin is told about the cluster.
struct PluginCluster: Sendable {
    var server: String
    var tlsServerName: String?
    var skipsVerification: Bool
    var authority: [UInt8]?
    var proxyURL: String?
    var configuration: JSONValue?

    var json: JSONValue {
        var members: [String: JSONValue] = ["server": .string(server)]
        if let tlsServerName { members["tls-server-name"] = .string(tlsServerName) }
        if skipsVerification { members["insecure-skip-tls-verify"] = true }
        if let authority { members["certificate-authority-data"] = .string(Base64.encode(authority)) }
        if let proxyURL { members["proxy-url"] = .string(proxyURL) }
        if let configuration { members["config"] = configuration }
        return .object(members)
    }
}
