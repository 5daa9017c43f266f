import Artifacts
import HTTPTransport
import HTTPTypes
import Trust

/// A request to Entra ID's token server: client credentials, proved in one of three ways.
struct EntraTokenRequest {
    /// The token server.
    var url: HTTPURL
    /// The members of the form, in order.
    var form: [(String, String)]

    static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    /// The URL of a tenant's token server.
    static func endpoint(_ authority: HTTPURL, tenant: String) -> HTTPURL {
        let base = authority.path.hasSuffix("/") ? String(authority.path.dropLast()) : authority.path
        return HTTPURL(
            scheme: authority.scheme,
            host: authority.host,
            port: authority.port,
            path: "\(base)/\(tenant)/oauth2/v2.0/token"
        )
    }

    init(_ authority: HTTPURL, tenant: String, client: String, scope: EntraScope, secret: SecretText) {
        self.init(authority, tenant, client, scope, [("client_secret", secret.value)])
    }

    init(_ authority: HTTPURL, tenant: String, client: String, scope: EntraScope, assertion: SecretText) {
        self.init(
            authority,
            tenant,
            client,
            scope,
            [("client_assertion_type", Self.assertionType), ("client_assertion", assertion.value)]
        )
    }

    private init(
        _ authority: HTTPURL,
        _ tenant: String,
        _ client: String,
        _ scope: EntraScope,
        _ proof: [(String, String)]
    ) {
        url = Self.endpoint(authority, tenant: tenant)
        form = [("grant_type", "client_credentials"), ("client_id", client), ("scope", scope.text)] + proof
    }

    var request: HTTPRequest { url.request(.post, [.contentType: "application/x-www-form-urlencoded"]) }

    var body: [UInt8] { Array(HTTPURL.query(form).utf8) }
}
