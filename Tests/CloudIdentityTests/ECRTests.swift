import Artifacts
import Foundation
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@testable import CloudIdentity

@Suite(.timeLimit(.minutes(1))) struct ECRTests {
    private let identity = AWSIdentity.fixed(AWSAccessKey(id: "AKIDEXAMPLE", secret: "hush"), name: "key")

    @Test(arguments: [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1", "api.ecr.eu-west-1.amazonaws.com"),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1", "ecr-fips.us-east-1.amazonaws.com"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "api.ecr.cn-north-1.amazonaws.com.cn"),
        ("123456789012.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", "api.ecr.us-gov-west-1.amazonaws.com"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1", "ecr.eu-west-1.api.aws"),
        ("public.ecr.aws", "us-east-1", "api.ecr-public.us-east-1.amazonaws.com"),
    ])
    func aRegistryIsKnownByItsHost(host: String, region: String, api: String) throws {
        let registry = try #require(ECRHost(host: host))
        #expect(registry.region == region)
        #expect(registry.api.description == "https://\(api)/")
    }

    @Test(arguments: [
        "", "amazonaws.com", "dkr.ecr.eu-west-1.amazonaws.com", "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.io", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com", "123456789012.dkr.s3.eu-west-1.amazonaws.com",
        "123456789012.dkr.ecr..amazonaws.com", "a.public.ecr.aws", "evil-123456789012.dkr.ecr.eu-west-1.amazonaws.com",
    ])
    func hostsThatLookLikeAmazonsAreNot(host: String) { #expect(ECRHost(host: host) == nil) }

    private static func answer(_ password: String, _ expires: String) -> FakeTransport.Answer {
        let token = Data("AWS:\(password)".utf8).base64EncodedString()
        return .json(
            #"{"authorizationData":[{"authorizationToken":"\#(token)","expiresAt":\#(expires),"proxyEndpoint":"x"}]}"#
        )
    }

    @Test func aPasswordIsKeptUntilThreeQuartersOfItsTwelveHours() async throws {
        let counter = Counter()
        let cloud = Cloud { _, _ in Self.answer("pass\(counter.next())", "1.767268800123E9") }
        let passwords = ECRPasswords(channel: cloud.channel, keys: AWSKeys(channel: cloud.channel))
        let host = try #require(ECRHost(host: "123456789012.dkr.ecr.eu-west-1.amazonaws.com"))
        let password = try await passwords.password(for: host, as: identity)
        #expect(password.username == "AWS" && password.password.value == "pass1")
        let request = try #require(cloud.transport.exchanges.first?.request)
        #expect(request.headerFields[.amzTarget] == "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken")
        #expect(request.headerFields[.contentType] == "application/x-amz-json-1.1")
        #expect(
            request.headerFields[.authorization]?.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/ecr/aws4_request, SignedHeaders="
            ) == true
        )
        cloud.clock.advance(by: .seconds(32_399))
        #expect(try await passwords.password(for: host, as: identity).password.value == "pass1")
        cloud.clock.advance(by: .seconds(1))
        #expect(try await passwords.password(for: host, as: identity).password.value == "pass2")
        let refused = SecretText("pass2")
        #expect(try await passwords.password(for: host, as: identity, refused: refused).password.value == "pass3")
    }

    @Test func thePublicRegistryAnswersInItsOwnForm() async throws {
        let token = Data("AWS:pass".utf8).base64EncodedString()
        let cloud = Cloud { _, _ in
            .json(#"{"authorizationData":{"authorizationToken":"\#(token)","expiresAt":1767268800}}"#)
        }
        let passwords = ECRPasswords(channel: cloud.channel, keys: AWSKeys(channel: cloud.channel))
        let host = try #require(ECRHost(host: "public.ecr.aws"))
        #expect(try await passwords.password(for: host, as: identity).password.value == "pass")
        let request = try #require(cloud.transport.exchanges.first?.request)
        #expect(request.headerFields[.amzTarget] == "SpencerFrontendService.GetAuthorizationToken")
        #expect(request.headerFields[.authorization]?.contains("/us-east-1/ecr-public/aws4_request") == true)
    }

    @Test func anExpiredKeyIsRenewedOnce() async throws {
        let counter = Counter()
        let cloud = Cloud { request, _ in
            if request.authority?.hasPrefix("sts.") == true {
                let number = counter.next()
                return .init(
                    200,
                    [:],
                    "<a><AccessKeyId>ASIA\(number)</AccessKeyId><SecretAccessKey>s</SecretAccessKey></a>"
                )
            }
            let isFresh = request.headerFields[.authorization]?.contains("Credential=ASIA2/") == true
            return isFresh
                ? Self.answer("pass", "1767268800")
                : .init(400, [:], #"{"__type":"ExpiredTokenException","message":"hush"}"#)
        }
        let passwords = ECRPasswords(channel: cloud.channel, keys: AWSKeys(channel: cloud.channel))
        let role = try AWSIdentity.webIdentity(
            role: "arn:aws:iam::123456789012:role/models",
            session: "s",
            token: TokenSupplier { () throws(IdentityError) in SecretText("jwt") },
            name: "role"
        )
        let host = try #require(ECRHost(host: "123456789012.dkr.ecr.eu-west-1.amazonaws.com"))
        #expect(try await passwords.password(for: host, as: role).password.value == "pass")
        #expect(cloud.log.count == 4)
    }

    @Test(arguments: [
        "", "{}", #"{"authorizationData":[]}"#, #"{"authorizationData":[{"authorizationToken":"!","expiresAt":1}]}"#,
        #"{"authorizationData":[{"authorizationToken":"QVdT","expiresAt":1}]}"#,
        #"{"authorizationData":[{"authorizationToken":"QVdTOmE=","expiresAt":1e300}]}"#,
        #"{"authorizationData":[{"authorizationToken":"QVdTOmEKYg==","expiresAt":1}]}"#,
    ])
    func anAnswerWithoutAPasswordIsNotTaken(body: String) {
        let isTaken = ECRPasswords.parse(Array(body.utf8)) != nil
        #expect(!isTaken)
    }
}
