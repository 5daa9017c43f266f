import Artifacts
import Foundation
import HTTPTransport
import TestSupport
import Testing

@testable import CloudIdentity
@testable import ObjectStorage

/// Temporary keys of a token service that is not ours, and what they open.
@Suite struct RealIdentityTests {
    private static let server = ProcessInfo.processInfo.environment["MODELAPP_TEST_S3"].flatMap { HTTPURL($0) }

    private static let role: Result<AWSIdentity, any Error> = Result {
        try .webIdentity(
            role: "arn:aws:iam::123456789012:role/models",
            session: "prod/models",
            token: TokenSupplier { () throws(IdentityError) in SecretText("e30.e30.e30") },
            name: "role"
        )
    }

    @Test(.enabled(if: server != nil, "MODELAPP_TEST_S3 is not set"))
    func aRoleAssumedByTokenReadsABucket() async throws {
        let endpoint = try #require(Self.server)
        let transport = LoopbackTransport()
        let channel = IdentityChannel(transport: transport, time: .system, random: { 0.5 })
        let keys = AWSKeys(channel: channel, securityTokenService: endpoint)
        let role = try Self.role.get()
        let key = try await keys.key(as: role, region: "us-east-1")
        #expect(key.id.hasPrefix("ASIA") && key.sessionToken != nil)
        // It lives for an hour, so it is kept.
        #expect(try await keys.key(as: role, region: "us-east-1") == key)

        let bucket = "modelapp-\(UUID().uuidString.lowercased())"
        let seeder = S3Seeder(transport: transport, endpoint: endpoint, bucket: bucket, key: key, time: .system)
        try await seeder.createBucket(versioned: false)
        try await seeder.put("resnet/weights.bin", Array("weights".utf8))
        let store = try S3Store(
            bucket: bucket,
            endpoint: endpoint,
            credential: .provider { refused in try await keys.key(as: role, region: "us-east-1", refused: refused) },
            endpoints: EndpointPolicy(allowed: [endpoint.host]),
            channel: StorageChannel(transport: transport, time: .system, jitter: { 0 })
        )
        #expect(try await store.keys() == ["resnet/weights.bin"])
        #expect(try await store.content("resnet/weights.bin") == Array("weights".utf8))
    }

    @Test(.enabled(if: server != nil, "MODELAPP_TEST_S3 is not set"))
    func aPasswordForARegistryIsGivenOut() async throws {
        let endpoint = try #require(Self.server)
        let channel = IdentityChannel(transport: LoopbackTransport(), time: .system, random: { 0.5 })
        let keys = AWSKeys(channel: channel, securityTokenService: endpoint)
        let passwords = ECRPasswords(channel: channel, keys: keys, endpoint: endpoint)
        let host = try #require(ECRHost(host: "123456789012.dkr.ecr.us-east-1.amazonaws.com"))
        let password = try await passwords.password(for: host, as: Self.role.get())
        #expect(password.username == "AWS" && !password.password.value.isEmpty)
    }
}
