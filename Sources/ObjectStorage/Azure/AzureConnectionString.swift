import Artifacts
import HTTPTransport

/// An Azure Storage connection string: `Name=value` pairs between semicolons, names in any case.
struct AzureConnectionString: Sendable {
    var account: String?
    var key: [UInt8]?
    var sas: String?
    var endpoint: HTTPURL?

    /// Parses what `az storage account show-connection-string` prints. Messages never hold a value of it.
    init(_ text: String) throws(ObjectStoreError) {
        func refused(_ what: String) -> ObjectStoreError {
            ObjectStoreError(.configuration, "the connection string \(what)")
        }
        guard text.utf8.count <= 16_384 else { throw refused("is longer than 16 KiB") }
        var values: [String: String] = [:]
        for pair in text.trimmed.split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0]).trimmed.lowercased()
            guard parts.count == 2, !name.isEmpty else {
                throw refused("is not a list of Name=value between semicolons")
            }
            guard values.updateValue(String(parts[1]).trimmed, forKey: name) == nil else {
                throw refused("names one of its fields twice")
            }
        }
        guard values["usedevelopmentstorage"]?.lowercased() != "true" else {
            throw refused("means the development storage of a workstation; name an account")
        }
        account = values["accountname"]
        if let key = values["accountkey"] {
            guard let bytes = Base64.decode(key), !bytes.isEmpty else {
                throw refused("has an AccountKey that is not base64")
            }
            self.key = bytes
        }
        if let sas = values["sharedaccesssignature"] { self.sas = try AzureBlobCredential.checked(sas: sas) }
        guard key != nil || sas != nil else { throw refused("has neither AccountKey nor SharedAccessSignature") }
        if let text = values["blobendpoint"] {
            guard let url = HTTPURL(text), url.query == nil else {
                throw refused("has a BlobEndpoint that is no http(s) URL")
            }
            endpoint = url
        } else if let account {
            let scheme = values["defaultendpointsprotocol"]?.lowercased() ?? "https"
            let suffix = values["endpointsuffix"] ?? "core.windows.net"
            guard let url = HTTPURL("\(scheme)://\(account).blob.\(suffix)"), url.path == "/", url.query == nil else {
                throw refused("has a DefaultEndpointsProtocol, AccountName or EndpointSuffix that makes no URL")
            }
            endpoint = url
        } else {
            throw refused("has neither AccountName nor BlobEndpoint")
        }
        guard key == nil || account != nil else { throw refused("has an AccountKey and no AccountName") }
    }
}
