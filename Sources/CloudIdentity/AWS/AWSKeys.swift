import Artifacts
public import HTTPTransport
import HTTPTypes

/// Access keys of AWS, kept for each identity and renewed after three quarters of their life.
public final class AWSKeys: Sendable {
    struct Key: Hashable, Sendable {
        var identity: String
        var region: String
    }

    private let channel: IdentityChannel
    private let securityTokenService: HTTPURL?
    private let metadata: HTTPURL
    private let cache: CredentialCache<Key, AWSAccessKey>

    /// An empty cache.
    /// - Parameters:
    ///   - securityTokenService: the token service of all regions, as an administrator configured it; nil for each
    ///     region's own.
    ///   - metadata: the instance's metadata service.
    public init(
        channel: IdentityChannel,
        securityTokenService: HTTPURL? = nil,
        metadata: HTTPURL = HTTPURL(scheme: "http", host: "169.254.169.254")
    ) {
        self.channel = channel
        self.securityTokenService = securityTokenService
        self.metadata = metadata
        cache = CredentialCache(time: channel.time)
    }

    /// A key for `identity`.
    /// - Parameters:
    ///   - region: whose token service is asked; keys of one region serve in all of its partition.
    ///   - refused: a key that a service just refused as expired or unknown: another is fetched.
    public func key(
        as identity: AWSIdentity,
        region: String,
        refused: AWSAccessKey? = nil
    ) async throws(IdentityError) -> AWSAccessKey {
        if case .fixed(let key) = identity.kind { return key }
        guard AWSRegion.isWellFormed(region) else {
            throw IdentityError(.configuration, "\"\(region.clipped)\" is no region such as eu-west-1")
        }
        let key = Key(identity: identity.name, region: region)
        return try await cache.value(for: key, refused: refused) { () throws(IdentityError) in
            let start = channel.time.now
            let answer: AWSKeyAnswer
            switch identity.kind {
            case .fixed(let key): return .init(key, life: .seconds(86_400), since: start)
            case .webIdentity(let role, let session, let token):
                answer = try await assume(role, session, try await token.supply(), region)
            case .container(let url, let token): answer = try await container(url, token)
            case .instance: answer = try await instance()
            }
            let life = answer.life(from: channel.time.date())
            guard life > .zero else {
                throw IdentityError(.malformedAnswer, "AWS gave out a key that has ended already; check the clocks")
            }
            return .init(answer.key, life: life, since: start)
        }
    }

    /// `AssumeRoleWithWebIdentity`, version 2011-06-15: not signed, the token is the proof.
    private func assume(
        _ role: String,
        _ session: String,
        _ token: SecretText,
        _ region: String
    ) async throws(IdentityError) -> AWSKeyAnswer {
        var url =
            securityTokenService
            ?? HTTPURL(scheme: "https", host: "sts.\(region).\(AWSRegion.domain(region))")
        if url.path.isEmpty { url.path = "/" }
        let form = HTTPURL.query([
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
            ("RoleSessionName", session), ("WebIdentityToken", token.value),
        ])
        let subject = "AWS STS (\(url.host))"
        let answer = try await channel.send(
            url.request(.post, [.contentType: "application/x-www-form-urlencoded", .accept: "text/xml"]),
            body: Array(form.utf8),
            about: subject
        )
        guard answer.status == 200 else {
            throw channel.failure(answer, about: subject, STSFailure(answer.body).explanation)
        }
        guard let key = AWSKeyAnswer(xml: answer.body) else {
            throw IdentityError(.malformedAnswer, "\(subject): the answer holds no usable key")
        }
        return key
    }

    private func container(_ url: HTTPURL, _ token: TokenSupplier?) async throws(IdentityError) -> AWSKeyAnswer {
        var headers: HTTPFields = [:]
        if let token { headers[.authorization] = try await token.supply().value }
        let subject = "the credential agent (\(url.host))"
        let answer = try await channel.send(
            url.request(.get, headers),
            about: subject,
            timeouts: IdentityChannel.localTimeouts
        )
        guard answer.status == 200 else {
            throw channel.failure(
                answer,
                about: subject,
                "it gives out no key; is the ServiceAccount associated with a role?"
            )
        }
        guard let key = AWSKeyAnswer(json: answer.body) else {
            throw IdentityError(.malformedAnswer, "\(subject): the answer holds no usable key")
        }
        return key
    }

    /// The metadata service, version 2: a session token first, then the role's name, then its key. The token's answer
    /// has a hop limit of 1, so that in a pod it may not arrive; that is then told.
    private func instance() async throws(IdentityError) -> AWSKeyAnswer {
        let subject = "the instance metadata service (\(metadata.host))"
        var url = metadata
        url.path = "/latest/api/token"
        let session = try await channel.send(
            url.request(.put, [.metadataTokenLife: "21600"]),
            body: [],
            about: subject,
            timeouts: IdentityChannel.localTimeouts
        )
        let token = SecretText(String(decoding: session.body, as: UTF8.self))
        guard session.status == 200, token.isHeaderSafe else {
            throw channel.failure(
                session,
                about: subject,
                "it gives out no session; in a pod the instance needs a hop limit of 2"
            )
        }
        func get(_ path: String) async throws(IdentityError) -> IdentityAnswer {
            var url = metadata
            url.path = "/latest/meta-data/iam/security-credentials/" + HTTPURL.encode(path)
            let answer = try await channel.send(
                url.request(.get, [.metadataToken: token.value]),
                about: subject,
                timeouts: IdentityChannel.localTimeouts
            )
            guard answer.status == 200 else {
                throw channel.failure(answer, about: subject, "the instance has no role; attach an instance profile")
            }
            return answer
        }
        let names = try await get("")
        guard let role = String(decoding: names.body, as: UTF8.self).split(whereSeparator: \.isWhitespace).first else {
            throw IdentityError(.refused, "\(subject): the instance has no role; attach an instance profile")
        }
        guard let key = AWSKeyAnswer(json: try await get(String(role)).body) else {
            throw IdentityError(.malformedAnswer, "\(subject): the answer holds no usable key")
        }
        return key
    }
}

/// An error of the token service: only its documented code counts, because the text repeats what was sent.
struct STSFailure: Sendable {
    let code: String?

    init(_ body: [UInt8]) {
        let text = STSDocument.leaves(of: body)["Code"]
        let isWord = text.map {
            (1...64).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x41...0x5A).contains($0 & 0xDF) }
        }
        code = isWord == true ? text : nil
    }

    var explanation: String {
        let advice = [
            "AccessDenied": "the role does not trust the ServiceAccount; check its trust policy",
            "InvalidIdentityToken": "AWS does not know the cluster's issuer; create the IAM identity provider",
            "ExpiredTokenException": "the ServiceAccount's token has expired; check the clocks",
            "IDPCommunicationError": "AWS cannot reach the cluster's issuer",
            "RegionDisabledException": "the token service is not activated in this region",
        ]
        guard let code else { return "it refuses the identity" }
        return "\(advice[code] ?? "it refuses the identity") (\(code))"
    }
}

extension HTTPField.Name {
    static let metadataToken = HTTPField.Name.known("X-aws-ec2-metadata-token")
    static let metadataTokenLife = HTTPField.Name.known("X-aws-ec2-metadata-token-ttl-seconds")
    static let amzTarget = HTTPField.Name.known("X-Amz-Target")
}
