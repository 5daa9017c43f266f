import CExpat

/// An element of a small XML document, as clients of blob services send it: its name without prefix, its text and the
/// elements inside, in order.
struct XMLElement: Sendable {
    var name: String
    var text = ""
    var children: [XMLElement] = []

    /// Parses a document.
    ///
    /// Nil where it is malformed, larger than 8 MiB, deeper than 32 levels, or declares a document type: no client
    /// needs one, and entities are how small documents grow large.
    init?(parsing bytes: [UInt8]) {
        guard bytes.count <= 8 << 20, let parser = XML_ParserCreate("UTF-8") else { return nil }
        defer { XML_ParserFree(parser) }
        let builder = Builder(parser)
        XML_SetUserData(parser, Unmanaged.passUnretained(builder).toOpaque())
        XML_SetElementHandler(
            parser,
            { context, name, _ in Builder.from(context)?.start(name.map { String(cString: $0) } ?? "") },
            { context, _ in Builder.from(context)?.end() }
        )
        XML_SetCharacterDataHandler(parser) { context, text, count in
            guard let text else { return }
            let bytes = UnsafeRawBufferPointer(start: text, count: Int(count))
            Builder.from(context)?.append(String(decoding: bytes, as: UTF8.self))
        }
        XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in Builder.from(context)?.stop() }
        let status = bytes.withUnsafeBytes { buffer in
            XML_Parse(parser, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count), 1)
        }
        let root = withExtendedLifetime(builder) { builder.root }
        guard status == XML_STATUS_OK, let root else { return nil }
        self = root
    }

    fileprivate init(name: String) { self.name = name }

    /// The first element inside called `name`.
    func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The text of the first element inside called `name`, without white space around it.
    func value(_ name: String) -> String? { child(name)?.text.trimmingSpaces }
}

/// Gathers elements while Expat reports them.
private final class Builder {
    private let parser: XML_Parser
    private var open: [XMLElement] = []
    private(set) var root: XMLElement?

    init(_ parser: XML_Parser) { self.parser = parser }

    static func from(_ context: UnsafeMutableRawPointer?) -> Builder? {
        context.map { Unmanaged<Builder>.fromOpaque($0).takeUnretainedValue() }
    }

    func start(_ name: String) {
        guard open.count < 32 else { return stop() }
        open.append(XMLElement(name: String(name.split(separator: ":").last ?? "")))
    }

    func append(_ text: String) {
        guard let last = open.indices.last else { return }
        open[last].text += text
    }

    func end() {
        guard let closed = open.popLast() else { return }
        guard let last = open.indices.last else {
            root = closed
            return
        }
        open[last].children.append(closed)
    }

    func stop() { _ = XML_StopParser(parser, XML_Bool(XML_FALSE)) }
}
