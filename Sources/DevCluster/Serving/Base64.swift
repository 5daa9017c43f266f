import FoundationEssentials

extension Collection where Element == UInt8 {
    /// The bytes in Base64 with padding.
    var base64: String { Data(self).base64EncodedString() }

    /// The bytes in the alphabet for URLs, without padding (RFC 7515: base64url).
    var base64URL: String {
        String(
            decoding: base64.utf8.compactMap { byte in
                switch byte {
                case UInt8(ascii: "+"): UInt8(ascii: "-")
                case UInt8(ascii: "/"): UInt8(ascii: "_")
                case UInt8(ascii: "="): nil
                default: byte
                }
            },
            as: UTF8.self
        )
    }
}

extension Array where Element == UInt8 {
    /// The bytes that `text` stands for; nil where it is not Base64 with padding.
    init?(base64 text: some StringProtocol) {
        guard let data = Data(base64Encoded: String(text)) else { return nil }
        self = Array(data)
    }

    /// The bytes that `text` stands for; nil where it is not base64url without padding.
    init?(base64URL text: some StringProtocol) {
        var plain = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        while plain.count % 4 != 0 { plain.append(UInt8(ascii: "=")) }
        self.init(base64: String(decoding: plain, as: UTF8.self))
    }

    /// The bytes that `text` stands for; nil where it is not hexadecimal.
    init?(hexadecimal text: some StringProtocol) {
        let digits = Array<UInt8>(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard digits[index] != UInt8(ascii: "+"), digits[index] != UInt8(ascii: "-"),
                let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(byte)
        }
        self = bytes
    }
}

/// The user and password of a `Basic` authorization field (RFC 7617).
struct BasicCredential: Sendable, Hashable {
    var user: String
    var password: String

    /// Nil where the field is absent or of another scheme.
    init?(_ field: String?) {
        guard let field, field.lowercased().hasPrefix("basic "),
            let bytes = [UInt8](base64: field.dropFirst(6).trimmingSpaces)
        else { return nil }
        let halves = String(decoding: bytes, as: UTF8.self)
            .split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        user = String(halves[0])
        password = String(halves[1])
    }
}

/// Whether two texts are equal, in a time that does not tell where they differ.
func equalInConstantTime(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
