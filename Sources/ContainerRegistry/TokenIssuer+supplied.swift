import Artifacts
import CloudIdentity
import HTTPTransport

/// Passwords that live for a while (Amazon ECR): shown to the registry itself by basic authentication.
extension TokenIssuer {
    /// How long a password is believed before its source is asked again, which keeps it as long as it lives.
    private static let patience = Duration.seconds(300)

    /// - Parameter previous: the grant that the registry refused; nil where it refused none.
    func suppliedGrant(
        _ source: PasswordSource,
        replacing previous: TokenCache.Grant?,
        at endpoint: RegistryEndpoint
    ) async throws(RegistryError) -> TokenCache.Grant {
        let start = transport.time.now
        let refused = previous.flatMap { Base64.decode(String($0.value.value.dropFirst("Basic ".utf8.count))) }
            .map { SecretText(String(decoding: $0.drop { $0 != UInt8(ascii: ":") }.dropFirst(), as: UTF8.self)) }
        do {
            let (username, password) = try await source.supply(refused)
            guard !username.utf8.contains(UInt8(ascii: ":")) else {
                throw RegistryError(.credential, "\(endpoint.name): a user name must not contain a colon")
            }
            let value = SecretText("Basic " + Base64.encode((username + ":" + password.value).utf8))
            return TokenCache.Grant(value, life: Self.patience, since: start, challenge: nil)
        } catch {
            throw RegistryError(supplying: error, "no password for \(source.identity)", at: endpoint)
        }
    }
}

extension RegistryError {
    /// The error for what a source of credentials threw.
    init(supplying error: any Error, _ otherwise: String, at endpoint: RegistryEndpoint) {
        switch error {
        case let error as RegistryError: self = error
        case is CancellationError:
            self.init(.cancelled, "\(endpoint.name): cancelled while waiting for a credential")
        case let error as IdentityError:
            let code: RegistryError.Code =
                switch error.code {
                case .cancelled: .cancelled
                case .throttled: .rateLimited
                case .unavailable: .unavailable
                default: .credential
                }
            self.init(code, "\(endpoint.name): \(error.message)", retryAfter: error.retryAfter, underlying: error)
        default: self.init(.credential, "\(endpoint.name): \(otherwise)", underlying: error)
        }
    }
}
