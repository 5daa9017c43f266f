import Artifacts
import HTTPTransport
import JSON

/// What a credential plugin printed: an `ExecCredential` with a status.
struct PluginAnswer: Sendable {
    /// The bearer token, if one was issued.
    var token: String?
    /// The certificate and key, if they were issued.
    var identity: ClientIdentity?
    /// When both end; nil where the plugin does not say.
    var expiry: Timestamp?

    /// Reads the program's output. Throws `configuration`, never with what was printed.
    init(parsing output: [UInt8], for plugin: CredentialPlugin) throws(KubernetesError) {
        func fail(_ message: String) -> KubernetesError {
            KubernetesError(.configuration, "\(plugin.origin): the output of \(plugin.command) \(message)")
        }
        let document: JSONValue
        do throws(JSONError) {
            document = try JSONValue(parsing: output)
        } catch {
            throw fail("is not JSON")
        }
        guard document["kind"]?.string == "ExecCredential" else { throw fail("is not an ExecCredential") }
        guard let version = document["apiVersion"]?.string, version == plugin.apiVersion else {
            throw fail("has another apiVersion than \(plugin.apiVersion)")
        }
        guard let status = document["status"], status.object != nil else { throw fail("has no status") }
        func text(_ name: String) throws(KubernetesError) -> String? {
            guard let value = status[name], !value.isNull else { return nil }
            guard let text = value.string else { throw fail("has a status.\(name) that is not a string") }
            return text.isEmpty ? nil : text
        }
        token = try text("token")
        if let token, !HeaderText.isSafe(token) { throw fail("has a token with a space or control character") }
        let certificate = try text("clientCertificateData").map { Array($0.utf8) }
        let key = try text("clientKeyData").map { Array($0.utf8) }
        switch (certificate, key) {
        case (let certificate?, let key?):
            guard PEMText.isPEM(certificate), PEMText.isPEM(key) else {
                throw fail("has a certificate that is not PEM")
            }
            identity = ClientIdentity(certificatePEM: certificate, keyPEM: key)
        case (nil, nil): break
        default: throw fail("has only one of clientCertificateData and clientKeyData")
        }
        guard token != nil || identity != nil else { throw fail("holds neither a token nor a certificate") }
        if let date = try text("expirationTimestamp") {
            do throws(ArtifactError) {
                expiry = try Timestamp(rfc3339: date)
            } catch {
                throw fail("has an expirationTimestamp that is not RFC 3339")
            }
        }
    }
}
