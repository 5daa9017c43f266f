import Artifacts
import Foundation
import HTTPTransport
import HTTPTypes
import Testing

@testable import CloudIdentity
@testable import ObjectStorage

/// What other signers made of given requests: `Fixtures/make_signatures.py`.
struct SignatureFixtures: Decodable {
    struct Case: Decodable, CustomTestStringConvertible, Sendable {
        var name: String
        var method: String
        var url: String
        var headers: [String: String]
        var token: String?
        var body: String?
        var authorization: String
        var testDescription: String { name }
    }

    var account: String
    var key: String
    var azure: [Case]
    var aws: [Case]

    static let shared: SignatureFixtures = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/signatures.json")
        do {
            return try JSONDecoder().decode(SignatureFixtures.self, from: try Data(contentsOf: file))
        } catch { preconditionFailure("\(error)") }
    }()
}

@Suite struct SignatureTests {
    private let example = AWSAccessKey(id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

    @Test(arguments: SignatureFixtures.shared.azure)
    func sharedKeyIsWhatMicrosoftsSignerMakes(_ fixture: SignatureFixtures.Case) throws {
        let key = try #require(Base64.decode(SignatureFixtures.shared.key))
        let signer = AzureSharedKey(account: SignatureFixtures.shared.account, key: key)
        let url = try #require(HTTPURL(fixture.url))
        let method = try #require(HTTPRequest.Method(fixture.method))
        #expect(signer.authorization(method, url, headers(fixture.headers)) == fixture.authorization)
    }

    @Test(arguments: SignatureFixtures.shared.aws)
    func sigV4IsWhatBotocoreMakes(_ fixture: SignatureFixtures.Case) throws {
        var key = example
        key = AWSAccessKey(id: key.id, secret: key.secret.value, sessionToken: fixture.token)
        let signer = SigV4(key: key, region: "eu-west-1")
        let url = try #require(HTTPURL(fixture.url))
        let method = try #require(HTTPRequest.Method(fixture.method))
        let body = Array((fixture.body ?? "").utf8)
        let signed = signer.signed(
            method,
            url,
            headers(fixture.headers),
            payload: body.isEmpty ? .empty : .bytes(body),
            at: newYear
        )
        #expect(signed[.authorization] == fixture.authorization)
        #expect(signed[.amzSecurityToken] == fixture.token)
    }

    /// AWS's signature test suite (`aws-sig-v4-test-suite`), as far as S3's rules are those of every service.
    @Test(
        arguments: [
            ("GET", "/", [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                "GET", "/?Param2=value2&Param1=value1", [],
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
            ),
            ("GET", "/?Param1=value1", [], "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
            ("GET", "/%E1%88%B4", [], "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
            ("POST", "/", [], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
            (
                "GET", "/", [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
            ),
            (
                "GET", "/", [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
                "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"
            ),
        ] as [(String, String, [(String, String)], String)]
    )
    func sigV4GivesTheVectorsOfTheTestSuite(
        method: String,
        target: String,
        fields: [(String, String)],
        signature: String
    )
        throws
    {
        let signer = SigV4(key: example, region: "us-east-1", service: "service")
        let url = try #require(HTTPURL("https://example.amazonaws.com" + target))
        var sent = HTTPFields()
        for (name, value) in fields { sent.append(HTTPField(name: header(name), value: value)) }
        let moment = try Timestamp(rfc3339: "2015-08-30T12:36:00Z")
        let signed = signer.signed(try #require(HTTPRequest.Method(method)), url, sent, at: moment)
        #expect(signed[.authorization]?.hasSuffix("Signature=" + signature) == true)
        #expect(signed[.amzContentHash] == nil)
    }

    /// The examples of the S3 API Reference, "Signature calculations for the Authorization header".
    @Test(
        arguments: [
            (
                "GET", "/test.txt", ["Range": "bytes=0-9"], "",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ),
            (
                "PUT", "/test%24file.text",
                ["Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"],
                "Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            ),
            ("GET", "/?lifecycle", [:], "", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            (
                "GET", "/?max-keys=2&prefix=J", [:], "",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ),
        ] as [(String, String, [String: String], String, String)]
    )
    func sigV4GivesTheExamplesOfS3(
        method: String,
        target: String,
        fields: [String: String],
        body: String,
        signature: String
    ) throws {
        let key = AWSAccessKey(id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        let signer = SigV4(key: key, region: "us-east-1")
        let url = try #require(HTTPURL("https://examplebucket.s3.amazonaws.com" + target))
        let moment = try Timestamp(rfc3339: "2013-05-24T00:00:00Z")
        let signed = signer.signed(
            try #require(HTTPRequest.Method(method)),
            url,
            headers(fields),
            payload: body.isEmpty ? .empty : .bytes(Array(body.utf8)),
            at: moment
        )
        #expect(signed[.authorization]?.hasSuffix("Signature=" + signature) == true)
    }

    @Test func anUnsignedPayloadIsSaidSo() throws {
        let signed = SigV4(key: example, region: "r").signed(
            .put,
            HTTPURL(scheme: "https", host: "h"),
            [:],
            payload: .unsigned,
            at: newYear
        )
        #expect(signed[.amzContentHash] == "UNSIGNED-PAYLOAD")
    }

    @Test func anySpellingOfAQueryIsSignedAlike() {
        #expect(SigV4.canonicalQuery("b=2&a=%7e&a=%2F&c") == "a=%2F&a=~&b=2&c=")
        #expect(SigV4.canonicalQuery("a=/&a=~&b=2&c=") == "a=%2F&a=~&b=2&c=")
        #expect(SigV4.canonicalQuery(nil) == "")
    }
}
