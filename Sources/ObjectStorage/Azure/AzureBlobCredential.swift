public import Artifacts
import HTTPTransport

/// What opens an Azure Blob container.
public struct AzureBlobCredential: Sendable, CustomStringConvertible {
    enum Kind: Sendable {
        case anonymous
        case sharedKey([UInt8])
        case sas(String)
        case bearer(@Sendable (_ refused: SecretText?) async throws -> SecretText)
    }

    let kind: Kind
    /// The account a connection string names; it must be the store's.
    var account: String?
    /// The endpoint a connection string names; used where the store has none of its own.
    var endpoint: HTTPURL?

    private init(_ kind: Kind) { self.kind = kind }

    /// Nothing: for containers with public access.
    public static let anonymous = AzureBlobCredential(.anonymous)

    /// A bearer token of Entra ID for the scope `https://storage.azure.com/.default`, asked for before each request.
    ///
    /// `token` caches and renews. It gets a token that the store just answered with 401, once for a request, and gives
    /// another one. The text of what it throws enters messages and must hold no credential.
    public static func bearer(
        _ token: @escaping @Sendable (_ refused: SecretText?) async throws -> SecretText
    ) -> AzureBlobCredential {
        AzureBlobCredential(.bearer(token))
    }

    /// An account key, base64 as the portal shows it. Throws `configuration` where it is not.
    public static func sharedKey(_ base64: String) throws(ObjectStoreError) -> AzureBlobCredential {
        guard let key = Base64.decode(base64.trimmed), !key.isEmpty else {
            throw ObjectStoreError(.configuration, "the storage account's key is not base64")
        }
        return AzureBlobCredential(.sharedKey(key))
    }

    /// A shared access signature: the query string, with or without its question mark.
    public static func sas(_ token: String) throws(ObjectStoreError) -> AzureBlobCredential {
        AzureBlobCredential(.sas(try checked(sas: token)))
    }

    /// A connection string with a key or a shared access signature; also names the account and the endpoint.
    public static func connectionString(_ text: String) throws(ObjectStoreError) -> AzureBlobCredential {
        let parsed = try AzureConnectionString(text)
        var credential: AzureBlobCredential
        if let key = parsed.key {
            credential = AzureBlobCredential(.sharedKey(key))
        } else if let sas = parsed.sas {
            credential = AzureBlobCredential(.sas(sas))
        } else {
            credential = .anonymous
        }
        credential.account = parsed.account
        credential.endpoint = parsed.endpoint
        return credential
    }

    /// What a Secret's decoded data holds. The first of `AZURE_STORAGE_CONNECTION_STRING`, `AZURE_STORAGE_KEY` and
    /// `AZURE_STORAGE_SAS_TOKEN` counts, in the order of the Azure command line; other keys are ignored.
    ///
    /// Keys of an identity (`AZURE_CLIENT_ID` and its kind) are not for this type: their tokens come in by `bearer`.
    /// - Throws: `configuration`, naming the key that is missing or malformed, never its value.
    public init(secret: [String: String]) throws(ObjectStoreError) {
        func named(_ name: String, _ error: ObjectStoreError) -> ObjectStoreError {
            ObjectStoreError(.configuration, "the Secret's value under \(name) cannot be used: \(error.message)")
        }
        if let text = secret["AZURE_STORAGE_CONNECTION_STRING"] {
            do { self = try .connectionString(text) } catch { throw named("AZURE_STORAGE_CONNECTION_STRING", error) }
        } else if secret["AZURE_STORAGE_KEY"] != nil {
            let text = try secret.value("AZURE_STORAGE_KEY")
            do { self = try .sharedKey(text) } catch { throw named("AZURE_STORAGE_KEY", error) }
        } else if secret["AZURE_STORAGE_SAS_TOKEN"] != nil {
            let text = try secret.value("AZURE_STORAGE_SAS_TOKEN")
            do { self = try .sas(text) } catch { throw named("AZURE_STORAGE_SAS_TOKEN", error) }
        } else {
            throw ObjectStoreError(
                .configuration,
                "the Secret has none of AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY and AZURE_STORAGE_SAS_TOKEN"
            )
        }
    }

    /// The query of a signature, ready to be appended.
    static func checked(sas text: String) throws(ObjectStoreError) -> String {
        let token = text.trimmed
        let query = token.hasPrefix("?") ? String(token.dropFirst()) : token
        let names = query.split(separator: "&").map { $0.prefix { $0 != "=" } }
        let isQuery = query.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x23 && $0 != 0x22 && $0 != 0x5C }
        guard isQuery, query.utf8.count <= 8192, names.contains("sig"), names.contains("sv") else {
            throw ObjectStoreError(
                .configuration,
                "the shared access signature is no query string with `sv` and `sig`, as the portal shows it"
            )
        }
        return query
    }

    var isAnonymous: Bool { if case .anonymous = kind { true } else { false } }

    /// Which kind it is, never what it holds.
    public var description: String { isAnonymous ? "anonymous" : "<redacted>" }
}

extension AzureBlobCredential: CustomDebugStringConvertible, CustomReflectable {
    /// Which kind it is, never what it holds.
    public var debugDescription: String { description }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
