public import Artifacts

/// Supplies a token by which another party vouches for an identity: a Kubernetes ServiceAccount token.
///
/// Called for each exchange, about once an hour, so that a file which the kubelet renews is read again.
public struct TokenSupplier: Sendable {
    let supply: @Sendable () async throws(IdentityError) -> SecretText

    /// A supplier.
    public init(_ supply: @escaping @Sendable () async throws(IdentityError) -> SecretText) { self.supply = supply }

    /// The token of a file that `read` reads.
    /// - Parameter path: for messages.
    public static func file(
        _ path: String,
        reading read: @escaping @Sendable (String) throws -> [UInt8]
    ) -> TokenSupplier {
        TokenSupplier { () throws(IdentityError) in
            let bytes: [UInt8]
            do {
                bytes = try read(path)
            } catch {
                throw IdentityError(.configuration, "the token file \(path) cannot be read")
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let token = SecretText(String(text.drop { $0.isWhitespace }.prefix { !$0.isWhitespace }))
            guard token.isHeaderSafe else {
                throw IdentityError(.configuration, "the token file \(path) holds no token")
            }
            return token
        }
    }
}
