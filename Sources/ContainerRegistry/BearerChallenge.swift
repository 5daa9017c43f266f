import HTTPTransport

/// A `Bearer` challenge that was checked: where tokens for a registry come from (distribution `auth/token`).
struct BearerChallenge: Sendable, Hashable {
    /// The token server.
    let realm: HTTPURL
    /// The registry's name at the token server.
    let service: String?
    /// What the registry says is needed, besides what is asked for anyway.
    let scopes: [String]

    /// Checks a challenge of `endpoint`. Throws `.insecure` where credentials may not go to its realm.
    init(_ challenge: AuthenticationChallenge, at endpoint: RegistryEndpoint) throws(RegistryError) {
        guard let realm = challenge.parameters["realm"], !realm.isEmpty else {
            throw RegistryError(.malformedAnswer, "\(endpoint.name): its challenge names no token server")
        }
        self.realm = try endpoint.realm(realm)
        service = challenge.parameters["service"].flatMap { $0.isEmpty ? nil : $0 }
        // Only repositories: a registry has no business asking for a token to anything else.
        scopes = (challenge.parameters["scope"] ?? "").split(separator: " ").prefix(8).map(String.init).filter {
            $0.hasPrefix("repository:") && $0.utf8.count <= 1024
        }
    }

    /// The scopes to ask for: what the call needs, then what the registry named, none twice.
    func scopes(with own: String) -> [String] {
        let own = own.split(separator: " ").map(String.init)
        return own + scopes.filter { !own.contains($0) }
    }
}
