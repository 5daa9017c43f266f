/// Base64 in the URL alphabet without padding (RFC 7515 section 2), and in the ordinary one with padding for `x5c`.
public enum Base64URL {
    private static let url = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let ordinary = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The URL alphabet, no padding.
    public static func encode(_ bytes: [UInt8]) -> String { encode(bytes, url, pads: false) }

    /// The ordinary alphabet, padded (RFC 4648 section 4).
    public static func encodePadded(_ bytes: [UInt8]) -> String { encode(bytes, ordinary, pads: true) }

    private static func encode(_ bytes: [UInt8], _ alphabet: [UInt8], pads: Bool) -> String {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let group = (0..<3).map { index + $0 < bytes.count ? UInt32(bytes[index + $0]) : 0 }
            let bits = group[0] << 16 | group[1] << 8 | group[2]
            let count = min(bytes.count - index, 3) + 1
            for position in 0..<4 {
                if position < count {
                    output.append(alphabet[Int(bits >> UInt32(18 - 6 * position)) & 63])
                } else if pads {
                    output.append(UInt8(ascii: "="))
                }
            }
            index += 3
        }
        return String(decoding: output, as: UTF8.self)
    }
}
