import Artifacts
@testable import DevCluster
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

/// The examples of the Amazon S3 API reference, and the check values of the checksum algorithms.
@Suite(.timeLimit(.minutes(1)))
struct SignatureV4Tests {
    private let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    private let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    private var signer: SignatureV4 {
        SignatureV4(secret: secret, date: "20130524T000000Z", region: "us-east-1", service: "s3")
    }

    private func signature(
        _ method: HTTPRequest.Method,
        _ target: String,
        host: String = "examplebucket.s3.amazonaws.com",
        _ fields: [(String, String)],
        payload: String
    ) throws -> String {
        var headers: HTTPFields = [:]
        for (name, value) in fields { headers[try #require(HTTPField.Name(name))] = value }
        let request = HTTPRequest(method: method, scheme: "https", authority: host, path: target, headerFields: headers)
        let names = (fields.map(\.0) + ["host"]).sorted()
        return signer.signature(
            of: request,
            try #require(RequestTarget(request)),
            signedHeaders: names,
            payload: payload
        )
    }

    @Test func readOfAnObjectIsSignedAsInTheReference() throws {
        let fields = [("range", "bytes=0-9"), ("x-amz-content-sha256", empty), ("x-amz-date", "20130524T000000Z")]
        #expect(
            try signature(.get, "/test.txt", fields, payload: empty)
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        )
    }

    @Test func writeOfAnObjectIsSignedAsInTheReference() throws {
        let payload = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        let fields = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-content-sha256", payload),
            ("x-amz-date", "20130524T000000Z"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ]
        #expect(
            try signature(.put, "/test%24file.text", fields, payload: payload)
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        )
    }

    @Test func listIsSignedAsInTheReference() throws {
        let fields = [("x-amz-content-sha256", empty), ("x-amz-date", "20130524T000000Z")]
        #expect(
            try signature(.get, "/?max-keys=2&prefix=J", fields, payload: empty)
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        )
    }

    private var chunkedBody: [UInt8] {
        func chunk(_ count: Int, _ signature: String) -> [UInt8] {
            Array("\(String(count, radix: 16));chunk-signature=\(signature)\r\n".utf8)
                + [UInt8](repeating: UInt8(ascii: "a"), count: count) + Array("\r\n".utf8)
        }
        return chunk(65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648")
            + chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497")
            + chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")
    }

    private func decode(_ pieces: [[UInt8]]) throws -> [UInt8] {
        var decoder = AWSChunkedDecoder(
            signer: signer,
            seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
            hasTrailer: false
        )
        var content: [UInt8] = []
        for piece in pieces { content += try decoder.decode(piece) }
        try decoder.finish()
        return content
    }

    @Test func signedChunksAreThoseOfTheReference() throws {
        let expected = [UInt8](repeating: UInt8(ascii: "a"), count: 66560)
        #expect(try decode([chunkedBody]) == expected)
    }

    @Test func piecesOfAnySizeDecodeToTheSame() throws {
        let body = chunkedBody
        var generator = SplitMix64(seed: 3)
        for _ in 0..<20 {
            var pieces: [[UInt8]] = []
            var rest = body[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...9000, using: &generator))
                pieces.append(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            #expect(try decode(pieces).count == 66560)
        }
    }

    @Test func changedOrShortChunkIsRefused() throws {
        var changed = chunkedBody
        changed[200] ^= 1
        #expect(throws: S3Failure.self) { try decode([changed]) }
        #expect(throws: S3Failure.self) { try decode([Array(chunkedBody.dropLast(40))]) }
        #expect(throws: S3Failure.self) { try decode([Array("-1\r\n".utf8)]) }
        #expect(throws: S3Failure.self) { try decode([Array("ffffffffffffffff;chunk-signature=x\r\n".utf8)]) }
        #expect(throws: S3Failure.self) { try decode([[UInt8](repeating: 65, count: 10_000)]) }
    }

    @Test(arguments: [
        (S3Checksum.Algorithm.crc32, "cbf43926"), (.crc32c, "e3069283"), (.crc64nvme, "ae8b14860a799888"),
        (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        (.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ])
    func checksumHasItsCheckValue(_ algorithm: S3Checksum.Algorithm, _ hex: String) throws {
        var sum = S3Checksum(algorithm)
        sum.update(Array("1234".utf8))
        sum.update(Array("56789".utf8))
        #expect(sum.value == (try #require([UInt8](hexadecimal: hex))).base64Text)
    }
}
