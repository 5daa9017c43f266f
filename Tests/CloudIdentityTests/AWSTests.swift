import Artifacts
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@testable import CloudIdentity

@Suite(.timeLimit(.minutes(1))) struct AWSTests {
    private static let role = "arn:aws:iam::123456789012:role/models"
    private static let expiration = "2026-01-01T01:00:00Z"

    private static func sts(_ number: Int) -> FakeTransport.Answer {
        .init(
            200,
            [.contentType: "text/xml"],
            """
            <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <AssumeRoleWithWebIdentityResult>
                <AssumedRoleUser><Arn>arn</Arn><AssumedRoleId>id</AssumedRoleId></AssumedRoleUser>
                <Credentials><SessionToken>session&amp;\(number)</SessionToken><SecretAccessKey>hush</SecretAccessKey>
                <Expiration>\(expiration)</Expiration><AccessKeyId>ASIA\(number)</AccessKeyId></Credentials>
              </AssumeRoleWithWebIdentityResult>
            </AssumeRoleWithWebIdentityResponse>
            """
        )
    }

    private func webIdentity(_ name: String = "prod/models") throws -> AWSIdentity {
        try .webIdentity(
            role: Self.role,
            session: "prod/models",
            token: TokenSupplier { () throws(IdentityError) in SecretText("jwt") },
            name: name
        )
    }

    @Test func aWebIdentityIsShownToTheRegionsTokenService() async throws {
        let counter = Counter()
        let cloud = Cloud { _, _ in Self.sts(counter.next()) }
        let keys = AWSKeys(channel: cloud.channel)
        let key = try await keys.key(as: webIdentity(), region: "eu-west-1")
        #expect(key == AWSAccessKey(id: "ASIA1", secret: "hush", sessionToken: "session&1"))
        #expect(cloud.log == ["POST https://sts.eu-west-1.amazonaws.com/"])
        #expect(cloud.transport.exchanges.first?.request.headerFields[.authorization] == nil)
        #expect(
            cloud.form(0) == [
                "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": Self.role,
                "RoleSessionName": "prod-models", "WebIdentityToken": "jwt",
            ]
        )
        cloud.clock.advance(by: .seconds(2699))
        #expect(try await keys.key(as: webIdentity(), region: "eu-west-1").id == "ASIA1")
        cloud.clock.advance(by: .seconds(1))
        #expect(try await keys.key(as: webIdentity(), region: "eu-west-1").id == "ASIA2")
        // Nobody has shown that another asker may use the role.
        #expect(try await keys.key(as: webIdentity("test/models"), region: "eu-west-1").id == "ASIA3")
        #expect(
            try await keys.key(as: webIdentity(), region: "eu-west-1", refused: AWSAccessKey(id: "", secret: "")).id
                == "ASIA2"
        )
    }

    @Test(arguments: [
        ("us-east-1", "sts.us-east-1.amazonaws.com"), ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"), ("us-iso-east-1", "sts.us-iso-east-1.c2s.ic.gov"),
    ])
    func aRegionLiesInItsPartition(region: String, host: String) async throws {
        let cloud = Cloud { _, _ in Self.sts(1) }
        _ = try await AWSKeys(channel: cloud.channel).key(as: webIdentity(), region: region)
        #expect(cloud.log == ["POST https://\(host)/"])
    }

    @Test(arguments: ["evil.io/", "a.b", "", "-x", "EU", "a@b", String(repeating: "a", count: 33)])
    func aRegionCannotChangeTheHost(region: String) async {
        let cloud = Cloud { _, _ in Self.sts(1) }
        let error = await failure {
            _ = try await AWSKeys(channel: cloud.channel).key(as: webIdentity(), region: region)
        }
        #expect(error?.code == .configuration)
        #expect(cloud.log.isEmpty)
    }

    @Test func aRefusalOfTheTokenServiceSaysWhatToDo() async {
        let cloud = Cloud { _, _ in
            .init(
                403,
                [:],
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>hush</Message></Error></ErrorResponse>"
            )
        }
        let error = await failure {
            _ = try await AWSKeys(channel: cloud.channel).key(as: webIdentity(), region: "eu-west-1")
        }
        #expect(error?.code == .refused)
        #expect(
            error?.message
                == "AWS STS (sts.eu-west-1.amazonaws.com): the role does not trust the ServiceAccount; check its "
                + "trust policy (AccessDenied) (403)"
        )
    }

    @Test(arguments: [
        "<!DOCTYPE a [<!ENTITY e \"x\">]><a><AccessKeyId>&e;</AccessKeyId></a>", "<a>", "", "{}",
        "<a><AccessKeyId>k</AccessKeyId></a>",
        "<a><AccessKeyId>k</AccessKeyId><SecretAccessKey>a\nb</SecretAccessKey></a>",
    ])
    func anAnswerWithoutAKeyIsNotTaken(body: String) async {
        let cloud = Cloud { _, _ in .init(200, [:], body) }
        let error = await failure {
            _ = try await AWSKeys(channel: cloud.channel).key(as: webIdentity(), region: "eu-west-1")
        }
        #expect(error?.code == .malformedAnswer)
    }

    @Test(arguments: [
        "", "role/models", "arn:aws:iam::123456789012:user/models", "arn:aws:s3::123456789012:role/models",
        "arn:aws:iam::12345678901:role/models", "arn:aws:iam::123456789012:role/mo dels",
    ])
    func whatIsNoRoleIsRefused(role: String) {
        #expect(throws: IdentityError.self) {
            try AWSIdentity.webIdentity(
                role: role,
                session: "s",
                token: TokenSupplier { () throws(IdentityError) in SecretText("jwt") },
                name: "n"
            )
        }
    }

    // MARK: Agents and instances

    @Test func anAgentIsShownItsToken() async throws {
        let cloud = Cloud { _, _ in
            .json(#"{"AccessKeyId":"ASIA","SecretAccessKey":"hush","Token":"t","Expiration":"2026-01-01T06:00:00Z"}"#)
        }
        let url = try #require(HTTPURL("http://169.254.170.23/v1/credentials"))
        let token = TokenSupplier.file("/token", reading: { _ in Array("jwt\n".utf8) })
        let keys = AWSKeys(channel: cloud.channel)
        let key = try await keys.key(as: .container(url, token: token, name: "pod"), region: "eu-west-1")
        #expect(key == AWSAccessKey(id: "ASIA", secret: "hush", sessionToken: "t"))
        #expect(cloud.log == ["GET http://169.254.170.23/v1/credentials"])
        #expect(cloud.transport.exchanges.first?.request.headerFields[.authorization] == "jwt")
    }

    @Test(arguments: [
        ("http://169.254.170.2/x", true), ("http://169.254.170.23/x", true), ("http://[fd00:ec2::23]/x", true),
        ("http://127.0.0.1:80/x", true), ("https://agent.example.org/x", true), ("http://169.254.169.254/x", false),
        ("http://169.254.170.2.evil.io/x", false), ("http://agent.example.org/x", false),
    ])
    func keysAreFetchedInTheClearFromTheAgentsOwnAddressesOnly(text: String, isAllowed: Bool) throws {
        let url = try #require(HTTPURL(text))
        let identity = try? AWSIdentity.container(url, token: nil, name: "n")
        #expect((identity?.name == "n") == isAllowed)
    }

    @Test func anInstanceIsAskedByTheSecondVersionOfItsService() async throws {
        let cloud = Cloud { request, _ in
            switch (request.method, request.path) {
            case (.put, "/latest/api/token"):
                #expect(request.headerFields[.metadataTokenLife] == "21600")
                return .init(200, [:], "session")
            case (.get, let path?) where request.headerFields[.metadataToken] == "session":
                let folder = "/latest/meta-data/iam/security-credentials/"
                if path == folder { return .init(200, [:], "node-role\nother") }
                #expect(path == folder + "node-role")
                return .json(
                    #"{"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"hush","Token":"t","Expiration":"\#(Self.expiration)"}"#
                )
            default: return .init(401, [:], "")
            }
        }
        let keys = AWSKeys(channel: cloud.channel)
        #expect(try await keys.key(as: .instance(name: "node"), region: "eu-west-1").id == "ASIA")
        #expect(cloud.log.count == 3)
        _ = try await keys.key(as: .instance(name: "node"), region: "eu-west-1")
        #expect(cloud.log.count == 3)
    }

    @Test func aHopLimitThatIsTooSmallIsSaid() async {
        let cloud = Cloud { _, _ in .init(403, [:], "") }
        let error = await failure {
            _ = try await AWSKeys(channel: cloud.channel).key(as: .instance(name: "node"), region: "eu-west-1")
        }
        #expect(error?.message.contains("hop limit of 2") == true)
    }
}
