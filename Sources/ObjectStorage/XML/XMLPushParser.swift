import CExpat

/// Receives the elements of a document in order.
protocol XMLHandler: AnyObject {
    /// An element begins. `path` holds its name last and its ancestors before it.
    func open(_ path: [String], _ attributes: XMLAttributes)
    /// An element ends; `text` is what stood between its last child, or its start, and its end.
    func close(_ path: [String], text: String)
}

/// The attributes of the element that begins; valid inside that call only.
struct XMLAttributes {
    fileprivate let pairs: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?

    /// The value of an attribute.
    subscript(_ name: String) -> String? {
        guard let pairs else { return nil }
        var index = 0
        while let key = pairs[index], let value = pairs[index + 1] {
            if String(cString: key) == name { return String(cString: value) }
            index += 2
        }
        return nil
    }
}

/// Why a document was not read to its end.
struct XMLFailure: Error, Hashable {
    var message: String
    var isTooLarge = false
}

/// Expat, fed chunk by chunk, for documents that a hostile server may have written.
///
/// Refuses a document type declaration as soon as it begins, so no entity is ever declared or expanded; bounds the bytes
/// of the document, the depth, the text of one element, and what may pass without any event. Chunks are gathered into
/// blocks: expat before 2.6 scans an unfinished token again with every call.
final class XMLPushParser {
    /// The bounds of one document.
    struct Limits {
        var bytes = 16 << 20
        var depth = 16
        var text = 64 << 10
        /// How many bytes one token may have: a tag with its attributes, a comment.
        var token = 256 << 10
        /// How many bytes are gathered before expat sees them.
        var block = 32 << 10
    }

    private let parser: XML_Parser
    private let handler: any XMLHandler
    private let limits: Limits
    private var path: [String] = []
    private var text: [UInt8] = []
    private var pending: [UInt8] = []
    private var total = 0
    private var sinceEvent = 0
    private var failure: XMLFailure?

    init(_ handler: any XMLHandler, limits: Limits = Limits()) throws(XMLFailure) {
        // The encoding given here overrides what the document declares: both services write UTF-8.
        guard let parser = XML_ParserCreate("UTF-8") else { throw XMLFailure(message: "no memory for an XML parser") }
        self.parser = parser
        self.handler = handler
        self.limits = limits
        XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
        XML_SetElementHandler(
            parser,
            { context, name, attributes in
                guard let name else { return }
                XMLPushParser.from(context)?.opened(name, attributes)
            },
            { context, _ in XMLPushParser.from(context)?.closed() }
        )
        XML_SetCharacterDataHandler(parser) { context, bytes, count in
            guard let bytes else { return }
            XMLPushParser.from(context)?.received(bytes, Int(count))
        }
        XML_SetCommentHandler(parser) { context, _ in XMLPushParser.from(context)?.sinceEvent = 0 }
        XML_SetProcessingInstructionHandler(parser) { context, _, _ in XMLPushParser.from(context)?.sinceEvent = 0 }
        XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
            XMLPushParser.from(context)?.fail(XMLFailure(message: "it has a document type declaration"))
        }
    }

    deinit { XML_ParserFree(parser) }

    /// Reads more of the document.
    func feed(_ bytes: [UInt8]) throws(XMLFailure) {
        total += bytes.count
        guard total <= limits.bytes else {
            throw XMLFailure(message: "it is larger than \(limits.bytes >> 20) MiB", isTooLarge: true)
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let taken = rest.prefix(max(1, limits.block - pending.count))
            pending.append(contentsOf: taken)
            rest = rest.dropFirst(taken.count)
            if pending.count >= limits.block { try parse(isFinal: false) }
        }
    }

    /// Ends the document; throws where it is not complete.
    func finish() throws(XMLFailure) { try parse(isFinal: true) }

    private func parse(isFinal: Bool) throws(XMLFailure) {
        sinceEvent += pending.count
        let status = pending.withUnsafeBytes { buffer in
            XML_Parse(
                parser,
                buffer.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(buffer.count),
                isFinal ? 1 : 0
            )
        }
        pending.removeAll(keepingCapacity: true)
        if let failure { throw failure }
        guard status == XML_STATUS_OK else {
            let reason = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) } ?? "malformed"
            throw XMLFailure(message: "\(reason) at line \(XML_GetCurrentLineNumber(parser))")
        }
        guard sinceEvent <= limits.token + limits.block else {
            throw XMLFailure(message: "a token is longer than \(limits.token) bytes", isTooLarge: true)
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> XMLPushParser? {
        context.map { Unmanaged<XMLPushParser>.fromOpaque($0).takeUnretainedValue() }
    }

    private func opened(_ name: UnsafePointer<XML_Char>, _ attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?)
    {
        sinceEvent = 0
        // Expat may still deliver what it had read when it was told to stop.
        guard failure == nil else { return }
        guard path.count < limits.depth else {
            return fail(XMLFailure(message: "elements are nested deeper than \(limits.depth)"))
        }
        path.append(String(cString: name))
        text.removeAll(keepingCapacity: true)
        handler.open(path, XMLAttributes(pairs: attributes))
    }

    private func closed() {
        sinceEvent = 0
        guard failure == nil else { return }
        handler.close(path, text: String(decoding: text, as: UTF8.self))
        path.removeLast()
        text.removeAll(keepingCapacity: true)
    }

    private func received(_ bytes: UnsafePointer<XML_Char>, _ count: Int) {
        sinceEvent = 0
        guard failure == nil else { return }
        guard text.count + count <= limits.text else {
            return fail(XMLFailure(message: "an element's text is longer than \(limits.text) bytes", isTooLarge: true))
        }
        text.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
    }

    private func fail(_ failure: XMLFailure) {
        if self.failure == nil { self.failure = failure }
        XML_StopParser(parser, XML_Bool(0))
    }
}
