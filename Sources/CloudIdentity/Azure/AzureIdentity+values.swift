import Artifacts
import FoundationEssentials
public import HTTPTransport
import Trust

extension AzureIdentity {
    /// The service principal that a Secret's values describe: `AZURE_TENANT_ID` and `AZURE_CLIENT_ID` with
    /// `AZURE_CLIENT_SECRET`, or with `AZURE_CLIENT_CERTIFICATE` (PEM or PKCS#12, also as base64) and
    /// `AZURE_CLIENT_CERTIFICATE_PASSWORD`. The names are those of Azure's own tools.
    ///
    /// - Parameters:
    ///   - certificate: the bytes under `AZURE_CLIENT_CERTIFICATE`, where the values as text do not hold them unchanged.
    ///   - name: see `AzureIdentity.name`.
    /// - Throws: `configuration`, naming the key that is missing or wrong, never its value.
    public init(
        values: [String: String],
        certificate: [UInt8]? = nil,
        name: String
    ) throws(IdentityError) {
        let tenant = try Self.value("AZURE_TENANT_ID", values)
        let client = try Self.value("AZURE_CLIENT_ID", values)
        if let bytes = certificate ?? values["AZURE_CLIENT_CERTIFICATE"].map({ Array($0.utf8) }) {
            let password = values["AZURE_CLIENT_CERTIFICATE_PASSWORD"].map { SecretBytes($0) }
            let opened = try Self.open(bytes, password, "AZURE_CLIENT_CERTIFICATE")
            self = try .certificate(opened, tenant: tenant, client: client, name: name)
        } else {
            let secret = SecretText(try Self.value("AZURE_CLIENT_SECRET", values))
            self = try .secret(secret, tenant: tenant, client: client, name: name)
        }
    }

    /// Whether a Secret's values describe a service principal.
    public static func isDescribed(by values: [String: String]) -> Bool {
        values["AZURE_CLIENT_SECRET"] != nil || values["AZURE_CLIENT_CERTIFICATE"] != nil
    }

    /// The identity that a process has by its environment, in the order of Azure's own libraries: a secret, a
    /// certificate (`AZURE_CLIENT_CERTIFICATE_PATH`), workload identity (`AZURE_FEDERATED_TOKEN_FILE`), else the node's
    /// managed identity, of which `AZURE_CLIENT_ID` names one of several.
    public init(
        environment: [String: String],
        name: String,
        reading read: @escaping @Sendable (String) throws -> [UInt8]
    ) throws(IdentityError) {
        if environment["AZURE_CLIENT_SECRET"] != nil {
            var values = environment
            values["AZURE_CLIENT_CERTIFICATE"] = nil
            try self.init(values: values, name: name)
        } else if let path = environment["AZURE_CLIENT_CERTIFICATE_PATH"] {
            guard let bytes = try? read(path) else {
                throw IdentityError(.configuration, "the file \(path) of AZURE_CLIENT_CERTIFICATE_PATH cannot be read")
            }
            try self.init(values: environment, certificate: bytes, name: name)
        } else if let path = environment["AZURE_FEDERATED_TOKEN_FILE"] {
            self = try .federated(
                .file(path, reading: read),
                tenant: try Self.value("AZURE_TENANT_ID", environment),
                client: try Self.value("AZURE_CLIENT_ID", environment),
                name: name
            )
        } else {
            let client = environment["AZURE_CLIENT_ID"] ?? ""
            self = .managed(client.isEmpty ? .system : .client(client), name: name)
        }
    }

    /// `AZURE_AUTHORITY_HOST`; nil where it is not set. Throws where it is no https URL.
    public static func authority(_ environment: [String: String]) throws(IdentityError) -> HTTPURL? {
        guard let text = environment["AZURE_AUTHORITY_HOST"], !text.isEmpty else { return nil }
        guard let url = HTTPURL(text.contains("://") ? text : "https://\(text)"), url.scheme == "https" else {
            throw IdentityError(.configuration, "AZURE_AUTHORITY_HOST must be an https URL, not \"\(text.clipped)\"")
        }
        return url
    }

    private static func open(
        _ bytes: [UInt8],
        _ password: SecretBytes?,
        _ key: String
    ) throws(IdentityError) -> SigningIdentity {
        // A Secret holds bytes, but an environment variable cannot hold PKCS#12.
        let text = bytes.allSatisfy { $0 < 0x80 } ? String(decoding: bytes, as: UTF8.self) : ""
        let decoded = text.contains("-----BEGIN") ? nil : Data(base64Encoded: text, options: .ignoreUnknownCharacters)
        let file = decoded.flatMap { $0.isEmpty ? nil : [UInt8]($0) } ?? bytes
        do throws(TrustError) {
            return try SigningIdentity(SecretBytes(file), password: password)
        } catch {
            throw IdentityError(.configuration, "\(key): \(error.message)")
        }
    }

    private static func value(_ name: String, _ values: [String: String]) throws(IdentityError) -> String {
        let text = (values[name] ?? "").filter { !$0.isWhitespace }
        guard !text.isEmpty else { throw IdentityError(.configuration, "there is no value under \(name)") }
        return text
    }
}
