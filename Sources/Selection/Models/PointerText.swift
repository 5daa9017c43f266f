/// The content of a pointer object, such as `LATEST`: the name of a version.
public struct PointerText: Sendable, Hashable, CustomStringConvertible {
    /// The longest content, in bytes, white space included.
    public static let maximumBytes = 512

    /// The version it names, without a final slash.
    public let version: String

    /// Reads the bytes of a pointer. White space around the name, a UTF-8 byte order mark and a final slash are
    /// dropped. Throws code `.pointer` where the rest is empty, too long, not UTF-8, or not the name of something
    /// below the prefix: with control characters, `..`, a backslash, or a slash at its start.
    public init(_ bytes: some Collection<UInt8>) throws(SelectionError) {
        guard bytes.count <= PointerText.maximumBytes else {
            throw SelectionError(.pointer, "the pointer has more than \(PointerText.maximumBytes) bytes")
        }
        guard let whole = String(validating: bytes, as: UTF8.self) else {
            throw SelectionError(.pointer, "the pointer is not UTF-8 text")
        }
        var scalars = Substring(whole).unicodeScalars
        if scalars.first == "\u{feff}" { scalars.removeFirst() }
        while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        if scalars.last == "/" { scalars.removeLast() }
        let name = String(scalars)
        guard !name.isEmpty else { throw SelectionError(.pointer, "the pointer is empty") }
        guard !name.hasControlCharacters else {
            throw SelectionError(.pointer, "the pointer \(name.quoted) has control characters: is it a single line?")
        }
        guard !name.hasPrefix("/"), !name.contains(".."), !name.contains("\\") else {
            throw SelectionError(.pointer, "the pointer \(name.quoted) is not the name of a version below the prefix")
        }
        version = name
    }

    /// The version.
    public var description: String { version }
}
