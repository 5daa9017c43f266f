import Artifacts
import HTTPTransport
import HTTPTypes
import JSON

/// Entra ID (OAuth 2.0 client credentials flow, version 2.0) and Azure's instance metadata service.
extension EmulatedClouds {
    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    func entra(_ path: String, _ request: HTTPRequest, _ form: [String: String]) -> LocalResponse {
        let origin = "\(request.scheme ?? "https")://\(request.authority ?? "")"
        let base = "\(origin)/\(options.tenant)"
        switch path {
        case "/\(options.tenant)/v2.0/.well-known/openid-configuration":
            return Self.json(
                .ok,
                [
                    "token_endpoint": .string("\(base)/oauth2/v2.0/token"), "issuer": .string("\(base)/v2.0"),
                    "authorization_endpoint": .string("\(base)/oauth2/v2.0/authorize"),
                    "device_authorization_endpoint": .string("\(base)/oauth2/v2.0/devicecode"),
                    "tenant_region_scope": "EU",
                ]
            )
        case "/\(options.tenant)/oauth2/v2.0/token" where request.method == .post:
            return clientCredentials(form)
        default:
            return refusal(
                .badRequest,
                "invalid_request",
                "AADSTS90002: Tenant not found. Check the tenant's name."
            )
        }
    }

    private func clientCredentials(_ form: [String: String]) -> LocalResponse {
        guard form["grant_type"] == "client_credentials" else {
            return refusal(
                .badRequest,
                "unsupported_grant_type",
                "AADSTS70003: The grant type is not supported."
            )
        }
        guard form["client_id"] == options.client else {
            return refusal(
                .badRequest,
                "unauthorized_client",
                "AADSTS700016: Application was not found in the directory."
            )
        }
        let isAsserted =
            form["client_assertion_type"] == Self.assertionType
            && form["client_assertion"] == options.federatedToken
        guard form["client_secret"] == options.secret || isAsserted else {
            return refusal(
                .unauthorized,
                "invalid_client",
                "AADSTS7000215: Invalid client secret provided."
            )
        }
        guard let scope = form["scope"], scope.hasSuffix("/.default") else {
            return refusal(
                .badRequest,
                "invalid_scope",
                "AADSTS1002012: The scope has to end with /.default."
            )
        }
        let lifetime = options.lifetime.components.seconds
        return Self.json(
            .ok,
            [
                "token_type": "Bearer", "expires_in": .integer(lifetime),
                "ext_expires_in": .integer(lifetime),
                "access_token": .string(token(for: String(scope.dropLast("/.default".count)))),
            ]
        )
    }

    private func refusal(
        _ status: HTTPResponse.Status,
        _ code: String,
        _ text: String
    )
        -> LocalResponse
    {
        Self.json(
            status,
            ["error": .string(code), "error_description": .string(text), "error_codes": []]
        )
    }

    /// `GET /metadata/identity/oauth2/token`: only with the header that no browser and no proxy sends by itself.
    func managedIdentity(_ request: HTTPRequest, _ form: [String: String]) -> LocalResponse {
        guard request.headerFields[.known("Metadata")] == "true", request.method == .get else {
            return refusal(.badRequest, "invalid_request", "Required metadata header not specified")
        }
        guard let resource = form["resource"], !resource.isEmpty else {
            return refusal(.badRequest, "invalid_request", "Required audience parameter not specified")
        }
        guard form["client_id"] == nil || form["client_id"] == options.client else {
            return refusal(.badRequest, "invalid_request", "Identity not found")
        }
        let lifetime = options.lifetime.components.seconds
        let expires = time.date().seconds + lifetime
        return Self.json(
            .ok,
            [
                "access_token": .string(token(for: resource)), "client_id": .string(options.client),
                "expires_in": .string(String(lifetime)), "expires_on": .string(String(expires)),
                "ext_expires_in": .string(String(lifetime)),
                "not_before": .string(String(expires - lifetime)),
                "resource": .string(resource), "token_type": "Bearer",
            ]
        )
    }
}
