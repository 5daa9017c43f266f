import Foundation
import HTTPTransport
import TestSupport
import Testing

@testable import CloudIdentity
@testable import ObjectStorage

/// A server that speaks S3, as the environment names it.
private enum Server {
    /// Any, moto for instance; the key it wants in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, if it cares.
    static let any = url("MODELAPP_TEST_S3")
    /// One that checks signatures (moto after `POST /moto-api/reset-auth` with `0`), with the key it wants in the same
    /// variables.
    static let signed = url("MODELAPP_TEST_S3_SIGNED")
    static let key = AWSAccessKey(
        id: ProcessInfo.processInfo.environment["AWS_ACCESS_KEY_ID"] ?? "testing",
        secret: ProcessInfo.processInfo.environment["AWS_SECRET_ACCESS_KEY"] ?? "testing"
    )

    private static func url(_ name: String) -> HTTPURL? {
        ProcessInfo.processInfo.environment[name].flatMap { HTTPURL($0) }
    }

    static func store(_ bucket: String, at endpoint: HTTPURL, key: AWSAccessKey = key) throws -> S3Store {
        try S3Store(
            bucket: bucket,
            endpoint: endpoint,
            credential: .key(key),
            endpoints: EndpointPolicy(allowed: [endpoint.host]),
            channel: StorageChannel(transport: LoopbackTransport(), time: .system, jitter: { 0 })
        )
    }

    static func seeder(at endpoint: HTTPURL) -> S3Seeder {
        let bucket = "modelapp-\(UUID().uuidString.lowercased())"
        return S3Seeder(transport: LoopbackTransport(), endpoint: endpoint, bucket: bucket, key: key, time: .system)
    }
}

@Suite(.serialized) struct RealS3Tests {
    @Test(.enabled(if: Server.any != nil, "MODELAPP_TEST_S3 is not set"), arguments: [false, true])
    func s3KeepsTheRulesOfEveryStore(versioned: Bool) async throws {
        let endpoint = try #require(Server.any)
        let seeder = Server.seeder(at: endpoint)
        try await seeder.createBucket(versioned: versioned)
        var paged = try Server.store(seeder.bucket, at: endpoint)
        paged.pageSize = 2
        let suite = ObjectStoreConformance(
            store: try Server.store(seeder.bucket, at: endpoint),
            paged: paged,
            seeder: seeder,
            missing: try Server.store("\(seeder.bucket)-missing", at: endpoint),
            traits: .init(isVersioned: versioned)
        )
        try await suite.run()
    }

    /// With keys that moto can check: it decodes the request before it computes the signature, so that Amazon's own
    /// client is refused too where anything but a space is percent-encoded.
    @Test(.enabled(if: Server.signed != nil, "MODELAPP_TEST_S3_SIGNED is not set"))
    func aServerThatChecksSignaturesAcceptsOurs() async throws {
        let endpoint = try #require(Server.signed)
        let seeder = Server.seeder(at: endpoint)
        try await seeder.createBucket(versioned: true)
        let bytes = Array("hello".utf8)
        for key in ["folder/a b~.txt", "folder/x_-y.bin", "z"] { try await seeder.put(key, bytes) }
        var store = try Server.store(seeder.bucket, at: endpoint)
        store.pageSize = 2
        #expect(try await store.keys() == ["folder/a b~.txt", "folder/x_-y.bin", "z"])
        #expect(try await store.keys(ListRequest(prefix: "folder", versions: .all)).count == 2)
        let info = try #require(try await store.head("folder/a b~.txt"))
        #expect(info.versionID != nil && info.size == 5)
        #expect(
            try await store.content("folder/a b~.txt", range: 1..<3, condition: .same(as: info)) == Array("el".utf8)
        )
        #expect(try await store.content("z") == bytes)
        let forged = AWSAccessKey(id: Server.key.id, secret: "wrong")
        let error = await expectError(.unauthorized) {
            _ = try await Server.store(seeder.bucket, at: endpoint, key: forged).keys()
        }
        #expect(error?.serverCode == "SignatureDoesNotMatch")
        let stranger = AWSAccessKey(id: "AKIAUNKNOWN", secret: "wrong")
        await expectError(.unauthorized) {
            _ = try await Server.store(seeder.bucket, at: endpoint, key: stranger).content("z")
        }
    }
}
