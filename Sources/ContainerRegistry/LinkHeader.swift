/// The target of `rel="next"` in `Link` headers (RFC 8288), which page through a listing.
enum LinkHeader {
    /// The target as it is written, possibly relative; nil where no link has the relation `next`.
    static func next(in fields: [String]) -> String? {
        for field in fields where field.utf8.count <= 16_384 {
            var scanner = HeaderScanner(field)
            while !scanner.isAtEnd {
                scanner.skipSeparators()
                guard scanner.take(UInt8(ascii: "<")), let target = scanner.text(upTo: UInt8(ascii: ">")),
                    let relations = relations(&scanner)
                else { break }
                if relations.contains("next") { return target }
            }
        }
        return nil
    }

    /// The relations of the link whose target was just read; nil where its parameters are malformed.
    private static func relations(_ scanner: inout HeaderScanner) -> [String]? {
        var relations: [String]?
        while true {
            scanner.skipSpace()
            guard scanner.take(UInt8(ascii: ";")) else { break }
            scanner.skipSpace()
            guard let name = scanner.token() else { continue }
            scanner.skipSpace()
            guard scanner.take(UInt8(ascii: "=")) else { continue }
            scanner.skipSpace()
            guard let value = scanner.peek == UInt8(ascii: "\"") ? scanner.value() : scanner.token() else { return nil }
            if name.lowercased() == "rel", relations == nil {
                relations = value.lowercased().split(separator: " ").map(String.init)
            }
        }
        guard scanner.isAtEnd || scanner.peek == UInt8(ascii: ",") else { return nil }
        return relations ?? []
    }
}
