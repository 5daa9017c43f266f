public import Artifacts
import FoundationEssentials
public import HTTPTransport
import HTTPTypes
import JSON

/// User names and passwords for Amazon ECR, which live for twelve hours; kept for each identity and registry.
public final class ECRPasswords: Sendable {
    /// What a registry is shown by basic authentication.
    public struct Password: Sendable, Hashable {
        /// `AWS`.
        public let username: String
        /// The password.
        public let password: SecretText
    }

    struct Key: Hashable, Sendable {
        var identity: String
        var host: ECRHost
    }

    private let channel: IdentityChannel
    private let keys: AWSKeys
    private let endpoint: HTTPURL?
    private let cache: CredentialCache<Key, Password>

    /// An empty cache.
    /// - Parameters:
    ///   - keys: where access keys come from.
    ///   - endpoint: the API of all registries, as an administrator configured it; nil for each registry's own.
    public init(channel: IdentityChannel, keys: AWSKeys, endpoint: HTTPURL? = nil) {
        self.channel = channel
        self.keys = keys
        self.endpoint = endpoint
        cache = CredentialCache(time: channel.time)
    }

    /// The password for `host`.
    /// - Parameter refused: one that the registry just refused: another is fetched.
    public func password(
        for host: ECRHost,
        as identity: AWSIdentity,
        refused: SecretText? = nil
    ) async throws(IdentityError) -> Password {
        let stale = refused.map { Password(username: "AWS", password: $0) }
        let key = Key(identity: identity.name, host: host)
        return try await cache.value(for: key, refused: stale) { () throws(IdentityError) in
            let start = channel.time.now
            var accessKey = try await keys.key(as: identity, region: host.region)
            var answer = try await ask(host, accessKey)
            if Self.isAboutKey(answer) {
                accessKey = try await keys.key(as: identity, region: host.region, refused: accessKey)
                answer = try await ask(host, accessKey)
            }
            let subject = "Amazon ECR (\((endpoint ?? host.api).host))"
            guard answer.status == 200 else {
                throw channel.failure(
                    answer,
                    about: subject,
                    "it gives out no password; the identity needs \(host.signingName):GetAuthorizationToken"
                )
            }
            guard let (password, expires) = Self.parse(answer.body) else {
                throw IdentityError(.malformedAnswer, "\(subject): the answer holds no usable password")
            }
            let life = min(max(expires - channel.time.date(), .seconds(60)), .seconds(43_200))
            return .init(password, life: life, since: start)
        }
    }

    private func ask(_ host: ECRHost, _ key: AWSAccessKey) async throws(IdentityError) -> IdentityAnswer {
        let url = endpoint ?? host.api
        let body = Array("{}".utf8)
        let signer = SigV4(key: key, region: host.region, service: host.signingName)
        let headers = signer.signed(
            .post,
            url,
            [.contentType: "application/x-amz-json-1.1", .amzTarget: host.operation],
            payload: .bytes(body),
            at: channel.time.date()
        )
        return try await channel.send(url.request(.post, headers), body: body, about: "Amazon ECR (\(url.host))")
    }

    /// Whether another key may help: this one has expired or was taken back.
    private static func isAboutKey(_ answer: IdentityAnswer) -> Bool {
        guard answer.status == 400 || answer.status == 403, let document = try? JSONValue(parsing: answer.body),
            let type = document["__type"]?.string
        else { return false }
        let names = ["ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"]
        return names.contains { type.hasSuffix($0) }
    }

    /// `authorizationData` is a list for private registries and an object for the public one; the password is base64 of
    /// `AWS:PASSWORD`, its end seconds since 1970.
    static func parse(_ body: [UInt8]) -> (Password, expires: Timestamp)? {
        guard let document = try? JSONValue(parsing: body), let data = document["authorizationData"],
            let text = (data[0] ?? data)["authorizationToken"]?.string, let decoded = Data(base64Encoded: text),
            let seconds = (data[0] ?? data)["expiresAt"]?.double, seconds.isFinite, abs(seconds) < 1e12
        else { return nil }
        let pair = String(decoding: decoded, as: UTF8.self)
            .split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2, !pair[0].isEmpty, SecretText(String(pair[1])).isHeaderSafe else { return nil }
        let password = Password(username: String(pair[0]), password: SecretText(String(pair[1])))
        return (password, Timestamp(seconds: Int64(seconds)))
    }
}
