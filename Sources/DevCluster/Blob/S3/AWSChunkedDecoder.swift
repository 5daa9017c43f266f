import Artifacts
import Crypto
import HTTPTypes

/// Takes a body in `aws-chunked` encoding apart: chunks with their size in hexadecimal, signed or not, and fields that
/// follow the last one (Amazon S3 API: Transferring Payload in Multiple Chunks).
struct AWSChunkedDecoder: Sendable {
    private enum State: Sendable {
        case size
        case data(Int)
        case dataEnd
        case trailer
        case done
    }

    /// What signs each chunk; nil where chunks are not signed.
    private let signer: SignatureV4?
    private var previous: String
    private var announced = ""
    private var chunkHash = SHA256()
    private var state = State.size
    private var line: [UInt8] = []
    private var trailerText = ""
    private var trailerSignature: String?
    private let hasTrailer: Bool

    /// The fields after the last chunk, by name in lower case.
    private(set) var trailer: [String: String] = [:]

    /// - Parameters:
    ///   - signer: verifies the chunks; nil where they are not signed.
    ///   - seed: the request's own signature, which the first chunk's covers.
    ///   - hasTrailer: whether fields follow the last chunk.
    init(signer: SignatureV4?, seed: String, hasTrailer: Bool) {
        self.signer = signer
        previous = seed
        self.hasTrailer = hasTrailer
    }

    /// Adds bytes of the body and returns the content among them. Throws where the encoding or a signature is wrong.
    mutating func decode(_ bytes: [UInt8]) throws(S3Failure) -> [UInt8] {
        var content: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if case .data(let remaining) = state {
                let taken = rest.prefix(remaining)
                content.append(contentsOf: taken)
                if signer != nil { chunkHash.update(data: taken) }
                rest = rest.dropFirst(taken.count)
                state = taken.count == remaining ? .dataEnd : .data(remaining - taken.count)
                continue
            }
            guard let byte = rest.popFirst() else { break }
            line.append(byte)
            guard line.count <= 8192 else { throw AWSChunkedDecoder.malformed("a line is longer than 8192 bytes") }
            guard line.suffix(2).elementsEqual([0x0D, 0x0A]) else { continue }
            let text = String(decoding: line.dropLast(2), as: UTF8.self)
            line = []
            try take(text)
        }
        return content
    }

    /// Throws unless the body has come to its end.
    func finish() throws(S3Failure) {
        guard case .done = state else {
            throw S3Failure(.badRequest, "IncompleteBody", "The body ended inside a chunk.")
        }
    }

    private mutating func take(_ text: String) throws(S3Failure) {
        switch state {
        case .size:
            let parts = text.split(separator: ";", omittingEmptySubsequences: false)
            guard let digits = parts.first, digits.utf8.count <= 8, let size = Int(digits, radix: 16), size >= 0 else {
                throw AWSChunkedDecoder.malformed("a chunk's size is not hexadecimal")
            }
            if signer != nil {
                let prefix = "chunk-signature="
                guard let field = parts.dropFirst().first(where: { $0.hasPrefix(prefix) }) else {
                    throw AWSChunkedDecoder.malformed("a chunk has no signature")
                }
                announced = String(field.dropFirst(prefix.count))
                chunkHash = SHA256()
            }
            if size > 0 {
                state = .data(size)
            } else {
                try verifyChunk()
                // Without a trailer the last chunk still has its empty data and the line's end.
                state = .trailer
            }
        case .dataEnd:
            guard text.isEmpty else { throw AWSChunkedDecoder.malformed("a chunk is longer than its size") }
            try verifyChunk()
            state = .size
        case .trailer: try takeTrailer(text)
        case .data, .done: throw AWSChunkedDecoder.malformed("bytes after the last chunk")
        }
    }

    private mutating func takeTrailer(_ text: String) throws(S3Failure) {
        if text.isEmpty {
            // A signed trailer: an empty line may stand before its signature, and one after it.
            if signer != nil, hasTrailer {
                guard let trailerSignature else { return }
                let wanted = signer?.signature(ofTrailer: trailerText, after: previous) ?? ""
                guard equalInConstantTime(wanted.utf8, trailerSignature.utf8) else {
                    throw S3Failure(.forbidden, "SignatureDoesNotMatch", "The trailer's signature does not match.")
                }
            }
            state = .done
            return
        }
        let halves = text.split(separator: ":", maxSplits: 1)
        guard hasTrailer, halves.count == 2, trailer.count < 16 else {
            throw AWSChunkedDecoder.malformed("the trailer is malformed")
        }
        let name = halves[0].trimmingSpaces.lowercased()
        let value = halves[1].trimmingSpaces
        if name == "x-amz-trailer-signature" {
            trailerSignature = value
        } else {
            trailer[name] = value
            trailerText += "\(name):\(value)\n"
        }
    }

    private mutating func verifyChunk() throws(S3Failure) {
        guard let signer else { return }
        let wanted = signer.signature(ofChunk: Array(chunkHash.finalize()).hexadecimal, after: previous)
        guard equalInConstantTime(wanted.utf8, announced.utf8) else {
            throw S3Failure(.forbidden, "SignatureDoesNotMatch", "A chunk's signature does not match.")
        }
        previous = wanted
    }

    private static func malformed(_ why: String) -> S3Failure {
        S3Failure(.badRequest, "InvalidRequest", "The aws-chunked body is malformed: \(why)")
    }
}
