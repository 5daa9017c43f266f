public import JSON

/// A kubeconfig: clusters, users and contexts by name, with the file each came from.
///
/// Follows client-go's `clientcmd`: of several files the first that has a name counts, whole; paths are relative to
/// the file they stand in; data in the file goes before a path. Prints without credentials.
public struct Kubeconfig: Sendable, CustomStringConvertible {
    /// Where a server is and how it is trusted.
    public struct Cluster: Sendable, Hashable {
        /// The file and member it was read from, for messages.
        public var origin: String
        /// The server's URL, as written.
        public var server: String
        /// The roots, PEM, from `certificate-authority-data`.
        public var authorityData: [UInt8]?
        /// The path of `certificate-authority`.
        public var authorityFile: String?
        /// Whether any certificate will do.
        public var skipsVerification: Bool
        /// The name the certificate must have.
        public var tlsServerName: String?
        /// The proxy's URL, as written.
        public var proxyURL: String?
        /// What the extension `client.authentication.k8s.io/exec` holds, for credential plugins.
        public var pluginConfiguration: JSONValue?
    }

    /// Who talks to a server. Prints without credentials.
    public struct User: Sendable, Hashable, CustomStringConvertible {
        /// The file and member it was read from, for messages.
        public var origin: String
        /// A bearer token.
        public var token: String?
        /// The path of a file with a bearer token; goes before `token`.
        public var tokenFile: String?
        /// The user of basic authentication.
        public var username: String?
        /// The password of basic authentication.
        public var password: String?
        /// The certificate chain, PEM.
        public var certificateData: [UInt8]?
        /// The path of the certificate chain.
        public var certificateFile: String?
        /// The private key, PEM.
        public var keyData: [UInt8]?
        /// The path of the private key.
        public var keyFile: String?
        /// A program that issues credentials.
        public var plugin: CredentialPlugin?

        /// Where the user was read.
        public var description: String { origin }
    }

    /// A cluster, a user and a namespace.
    public struct Context: Sendable, Hashable {
        /// The file and member it was read from, for messages.
        public var origin: String
        /// The cluster's name.
        public var cluster: String
        /// The user's name; empty for none.
        public var user: String
        /// The namespace for objects that name none.
        public var namespace: String?
    }

    /// The files it was read from, in order.
    public var files: [String] = []
    /// The clusters by name.
    public var clusters: [String: Cluster] = [:]
    /// The users by name.
    public var users: [String: User] = [:]
    /// The contexts by name.
    public var contexts: [String: Context] = [:]
    /// The context that is used where none is named.
    public var currentContext: String?

    /// A kubeconfig without entries.
    public init() {}

    /// The entries of `first`, and those of `later` that have names of their own: "never change a value"
    /// (clientcmd `loader.go`).
    public static func merging(_ first: Kubeconfig, _ later: Kubeconfig) -> Kubeconfig {
        var merged = first
        merged.files += later.files
        merged.clusters.merge(later.clusters) { own, _ in own }
        merged.users.merge(later.users) { own, _ in own }
        merged.contexts.merge(later.contexts) { own, _ in own }
        merged.currentContext = first.currentContext ?? later.currentContext
        return merged
    }

    /// Reads and merges files; those that do not exist are left out. Throws `configuration` naming file and field.
    public init(files paths: [String], _ reader: FileReader) throws(KubernetesError) {
        self.init()
        for path in paths {
            guard let bytes = try reader.read(path) else { continue }
            self = .merging(self, try Kubeconfig(parsing: bytes, file: path))
        }
    }

    /// The files and the names of the contexts.
    public var description: String {
        "\(files.joined(separator: ", ")): contexts \(contexts.keys.sorted().joined(separator: ", "))"
    }
}
