import Artifacts
import JSON

extension Kubeconfig {
    /// Parses one file. Throws `configuration` naming the file and the line, or the field.
    public init(parsing bytes: [UInt8], file: String) throws(KubernetesError) {
        self.init()
        files = [file]
        let document: JSONValue
        do throws(YAMLError) {
            document = try YAML.document(bytes)
        } catch {
            throw KubernetesError(.configuration, "\(file): \(error)")
        }
        if document.isNull { return }
        let root = ConfigurationField(value: document, file: file)
        let kind = try root.string("kind")
        guard kind == nil || kind == "Config" else {
            throw root.member("kind").fail("is \(kind ?? ""), where a kubeconfig has Config")
        }
        currentContext = try root.string("current-context").flatMap { $0.isEmpty ? nil : $0 }
        clusters = try root.named("clusters", "cluster") { field throws(KubernetesError) in try Cluster(field) }
        users = try root.named("users", "user") { field throws(KubernetesError) in try User(field) }
        contexts = try root.named("contexts", "context") { field throws(KubernetesError) in
            Context(
                origin: field.place,
                cluster: try field.string("cluster") ?? "",
                user: try field.string("user") ?? "",
                namespace: try field.string("namespace").flatMap { $0.isEmpty ? nil : $0 }
            )
        }
    }
}

extension Kubeconfig.Cluster {
    fileprivate init(_ field: ConfigurationField) throws(KubernetesError) {
        var plugin: JSONValue?
        for entry in try field.list("extensions") {
            guard try entry.string("name") == "client.authentication.k8s.io/exec" else { continue }
            plugin = entry.value["extension"]
        }
        self.init(
            origin: field.place,
            server: try field.string("server") ?? "",
            authorityData: try field.pem("certificate-authority-data"),
            authorityFile: try field.path("certificate-authority"),
            skipsVerification: try field.bool("insecure-skip-tls-verify"),
            tlsServerName: try field.string("tls-server-name").flatMap { $0.isEmpty ? nil : $0 },
            proxyURL: try field.string("proxy-url").flatMap { $0.isEmpty ? nil : $0 },
            pluginConfiguration: plugin
        )
    }
}

extension Kubeconfig.User {
    fileprivate init(_ field: ConfigurationField) throws(KubernetesError) {
        // To leave these out would be to act as somebody else.
        for name in ["as", "as-uid", "as-groups", "as-user-extra"] {
            guard let value = field.value[name], !value.isNull, value != .string(""), value != .array([]) else {
                continue
            }
            throw field.member(name).fail("impersonation is not supported; remove it, or use another user")
        }
        if let provider = field.value["auth-provider"], !provider.isNull {
            let name = provider["name"]?.string ?? ""
            throw field.member("auth-provider").fail(
                "the provider \(name) was removed from Kubernetes 1.26; use the credential plugin (exec) of your provider"
            )
        }
        self.init(origin: field.place)
        func text(_ name: String) throws(KubernetesError) -> String? {
            try field.string(name).flatMap { $0.isEmpty ? nil : $0 }
        }
        token = try text("token")
        tokenFile = try field.path("tokenFile")
        username = try text("username")
        password = try text("password")
        certificateData = try field.pem("client-certificate-data")
        certificateFile = try field.path("client-certificate")
        keyData = try field.pem("client-key-data")
        keyFile = try field.path("client-key")
        if let exec = field.value["exec"], !exec.isNull { plugin = try CredentialPlugin(field.member("exec")) }
    }
}

/// A value in a configuration file, with its place for messages. Messages never hold the value of a secret field.
struct ConfigurationField {
    let value: JSONValue
    let file: String
    var path = ""

    /// The file and the field.
    var place: String { path.isEmpty ? file : "\(file): \(path)" }

    func fail(_ message: String) -> KubernetesError { KubernetesError(.configuration, "\(place): \(message)") }

    func member(_ name: String) -> ConfigurationField {
        ConfigurationField(value: value[name] ?? .null, file: file, path: path.isEmpty ? name : "\(path).\(name)")
    }

    func string(_ name: String) throws(KubernetesError) -> String? {
        let field = member(name)
        if field.value.isNull { return nil }
        guard let text = field.value.string else { throw field.fail("must be a string; put it in quotes") }
        guard !text.utf8.contains(0) else { throw field.fail("holds a NUL character") }
        return text
    }

    func bool(_ name: String) throws(KubernetesError) -> Bool {
        let field = member(name)
        if field.value.isNull { return false }
        guard let value = field.value.bool else { throw field.fail("must be true or false") }
        return value
    }

    func list(_ name: String) throws(KubernetesError) -> [ConfigurationField] {
        let field = member(name)
        if field.value.isNull { return [] }
        guard let elements = field.value.array else { throw field.fail("must be a list") }
        return elements.enumerated().map { index, element in
            ConfigurationField(value: element, file: file, path: "\(field.path)[\(index)]")
        }
    }

    /// A path, relative to the file's folder.
    func path(_ name: String) throws(KubernetesError) -> String? {
        guard let text = try string(name), !text.isEmpty else { return nil }
        return ConfigurationField.resolve(text, besides: file)
    }

    static func resolve(_ path: String, besides file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }

    /// Base64 of a PEM text.
    func pem(_ name: String) throws(KubernetesError) -> [UInt8]? {
        guard let text = try string(name), !text.isEmpty else { return nil }
        guard let bytes = Base64.decode(text) else { throw member(name).fail("is not Base64") }
        guard PEMText.isPEM(bytes) else { throw member(name).fail("is not Base64 of a PEM text") }
        return bytes
    }

    /// A list of `{name, KIND: {...}}` as a map. A name given twice is an error (clientcmd `v1/conversion.go`).
    func named<Value>(
        _ list: String,
        _ kind: String,
        _ make: (ConfigurationField) throws(KubernetesError) -> Value
    ) throws(KubernetesError) -> [String: Value] {
        var values: [String: Value] = [:]
        for entry in try self.list(list) {
            guard let name = try entry.string("name") else { throw entry.fail("has no name") }
            var field = entry.member(kind)
            field.path = "\(list)[\(name)].\(kind)"
            guard field.value.isNull || field.value.object != nil else { throw field.fail("must be a map") }
            guard values.updateValue(try make(field), forKey: name) == nil else {
                throw entry.fail("the name \(name) is given twice")
            }
        }
        return values
    }
}

/// PEM's outer form; what is inside is read by whoever uses it.
enum PEMText {
    static func isPEM(_ bytes: [UInt8]) -> Bool {
        let mark = Array("-----BEGIN ".utf8)
        guard bytes.count > mark.count else { return false }
        return (0...bytes.count - mark.count).contains { bytes[$0] == mark[0] && bytes[$0...].starts(with: mark) }
    }
}
