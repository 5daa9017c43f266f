import FoundationEssentials

/// Base64 as registries and Docker configs write it.
enum Base64 {
    /// The standard form with padding.
    static func encode(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    /// Reads the standard and the URL alphabet, with or without padding; nil where the text is neither.
    static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 3)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "-"): bytes.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): bytes.append(UInt8(ascii: "/"))
            case UInt8(ascii: "="), 0x0A, 0x0D: continue
            default: bytes.append(byte)
            }
        }
        guard bytes.count % 4 != 1 else { return nil }
        while bytes.count % 4 != 0 { bytes.append(UInt8(ascii: "=")) }
        return Data(base64Encoded: Data(bytes)).map(Array.init)
    }
}
