/// A content digest: an algorithm and its value in lower-case hexadecimal (OCI image-spec descriptor: digests).
///
/// Guarantees that the algorithm is one this project can compute (`sha256` or `sha512`) and that the hexadecimal
/// part has exactly the length of that algorithm, so that a value of this type is safe in a path or a URL.
public struct Digest: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The hash functions that may name content.
    public enum Algorithm: String, Sendable, Hashable, CaseIterable {
        case sha256
        case sha512

        /// How many hexadecimal digits a value has.
        public var hexLength: Int { self == .sha256 ? 64 : 128 }
    }

    /// The hash function.
    public let algorithm: Algorithm
    /// The value, lower-case hexadecimal.
    public let hex: String

    /// Parses `algorithm:hex`. Throws where the algorithm is unknown or the value is not its lower-case hexadecimal.
    public init(_ text: String) throws(ArtifactError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw ArtifactError(.digest, "\"\(text.clipped)\" is not a digest: expected sha256:<64 hexadecimal digits>")
        }
        guard let algorithm = Algorithm(rawValue: String(text[..<colon])) else {
            throw ArtifactError(.digest, "\"\(text.clipped)\" has a digest algorithm other than sha256 and sha512")
        }
        let hex = String(text[text.index(after: colon)...])
        guard hex.utf8.count == algorithm.hexLength, hex.utf8.allSatisfy(isLowerHex) else {
            throw ArtifactError(
                .digest,
                "\"\(text.clipped)\" does not have \(algorithm.hexLength) lower-case hexadecimal digits"
            )
        }
        self.algorithm = algorithm
        self.hex = hex
    }

    /// The digest whose raw bytes are `bytes`: 32 for sha256, 64 for sha512; nil for any other count.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 32: algorithm = .sha256
        case 64: algorithm = .sha512
        default: return nil
        }
        hex = bytes.hexadecimal
    }

    /// `algorithm:hex`.
    public var description: String { "\(algorithm.rawValue):\(hex)" }

    /// The first 12 digits, for people.
    public var short: String { String(hex.prefix(12)) }

    /// Orders by the printed form, so that sets print the same way each time.
    public static func < (left: Digest, right: Digest) -> Bool { left.description < right.description }
}

func isLowerHex(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}

extension Collection where Element == UInt8 {
    /// The bytes in lower-case hexadecimal.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(count * 2)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension String {
    /// At most 120 characters with control characters replaced, for an error message about input from outside.
    public var clipped: String {
        var text = ""
        var count = 0
        for scalar in unicodeScalars {
            if count == 120 { return text + "..." }
            text.unicodeScalars.append(scalar.properties.generalCategory == .control ? "?" : scalar)
            count += 1
        }
        return text
    }
}
