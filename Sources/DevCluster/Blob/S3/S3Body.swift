import Artifacts
import Crypto
import HTTPTransport
import HTTPTypes
import Synchronization

/// The body of a request to S3: how it is encoded, what was signed of it, and which checksums it must have.
struct S3Body: Sendable {
    private let payload: String
    private let decoder: AWSChunkedDecoder?
    private let length: Int64?
    private let expected: [S3Checksum.Algorithm: String]
    private let trailing: S3Checksum.Algorithm?
    private let contentMD5: String?

    /// A body that was received and verified.
    struct Received: Sendable {
        var content: StoredContent
        var md5: [UInt8]
        /// The checksums the client sent: Base64 by algorithm.
        var checksums: [String: String]

        /// The header fields that tell of the checksums.
        var checksumHeaders: HTTPFields { HTTPFields(checksums: checksums) }
    }

    /// - Parameters:
    ///   - authorization: nil for a request without signature.
    ///   - signer: signs chunks where they are signed.
    init(_ request: HTTPRequest, _ authorization: S3Authorization?, _ signer: SignatureV4?) throws(S3Failure) {
        let fields = request.headerFields
        payload = authorization?.payload ?? fields[.amzContentSHA256] ?? "UNSIGNED-PAYLOAD"
        var expected: [S3Checksum.Algorithm: String] = [:]
        for algorithm in S3Checksum.Algorithm.allCases {
            if let name = HTTPField.Name(algorithm.header), let value = fields[name] { expected[algorithm] = value }
        }
        self.expected = expected
        trailing = fields[.amzTrailer].flatMap { field in
            S3Checksum.Algorithm.allCases.first { $0.header == field.trimmingSpaces.lowercased() }
        }
        contentMD5 = fields[.contentMD5]
        let isChunked = payload.hasPrefix("STREAMING-")
        let announced = isChunked ? fields[.amzDecodedLength] : fields[.contentLength]
        length = announced.flatMap { Int64($0) }
        guard isChunked else {
            decoder = nil
            return
        }
        guard length != nil else {
            throw S3Failure(.lengthRequired, "MissingContentLength", "x-amz-decoded-content-length is missing")
        }
        let seed = authorization?.signature ?? ""
        switch payload {
        case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
            decoder = AWSChunkedDecoder(signer: nil, seed: seed, hasTrailer: true)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" where signer != nil:
            decoder = AWSChunkedDecoder(signer: signer, seed: seed, hasTrailer: false)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" where signer != nil:
            decoder = AWSChunkedDecoder(signer: signer, seed: seed, hasTrailer: true)
        default: throw .notImplemented("x-amz-content-sha256: \(payload.clipped)")
        }
    }

    /// Reads, decodes and verifies the body, into memory or a file of `folder`.
    func receive(_ body: HTTPBodyChunks, folder: LocalFolder?, limit: Int64) async throws -> Received {
        let decoding = Decoding(decoder)
        let decoded = decoder == nil ? body : decoding.chunks(of: body)
        var sums = Set(expected.keys).union(trailing.map { [$0] } ?? []).map { S3Checksum($0) }
        var hash: SHA256? = payload.utf8.count == 64 ? SHA256() : nil
        let received = try await ReceivedContent(decoded, folder: folder, limit: limit, length: length) { chunk in
            for index in sums.indices { sums[index].update(chunk) }
            hash?.update(data: chunk)
        }
        do {
            if let hash, Array(hash.finalize()).hexadecimal != payload {
                throw S3Failure(
                    .badRequest,
                    "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed."
                )
            }
            if let contentMD5, contentMD5 != received.md5.base64 { throw S3Failure.badDigest("Content-MD5") }
            var checksums: [String: String] = [:]
            for sum in sums {
                let sent = expected[sum.algorithm] ?? decoding.trailer[sum.algorithm.header]
                guard sent == sum.value else { throw S3Failure.badDigest(sum.algorithm.rawValue.uppercased()) }
                checksums[sum.algorithm.rawValue] = sum.value
            }
            return Received(content: received.content, md5: received.md5, checksums: checksums)
        } catch {
            received.content.discard()
            throw error
        }
    }
}

extension HTTPFields {
    /// The fields that carry checksums.
    init(checksums: [String: String]) {
        self.init()
        for (algorithm, value) in checksums {
            if let name = HTTPField.Name("x-amz-checksum-" + algorithm) { self[name] = value }
        }
        if !checksums.isEmpty { self[.amzChecksumType] = "FULL_OBJECT" }
    }
}

/// The decoder of one body, with the trailer it came to. Used by the one task that reads the body.
private final class Decoding: Sendable {
    private let decoder: Mutex<AWSChunkedDecoder?>

    init(_ decoder: AWSChunkedDecoder?) { self.decoder = Mutex(decoder) }

    var trailer: [String: String] { decoder.withLock { $0?.trailer ?? [:] } }

    /// The content of `body`. Ends with an error where the encoding is wrong or the body ends too early.
    func chunks(of body: HTTPBodyChunks) -> HTTPBodyChunks {
        HTTPBodyChunks {
            var iterator = body.makeAsyncIterator()
            return {
                guard let chunk = try await iterator.next() else {
                    try self.decoder.withLock { try $0?.finish() }
                    return nil
                }
                return try self.decoder.withLock { try $0?.decode(chunk) ?? chunk }
            }
        }
    }
}
