import CYaml
import JSON

/// Builds JSON values from libyaml's events.
///
/// Events are used instead of libyaml's document tree, which is built whole before anything can be refused. The input
/// must outlive the parser; `close()` must be called once.
struct YAMLParser {
    /// A place in the text.
    struct Mark: Sendable {
        var line: Int
        var column: Int

        init(_ mark: yaml_mark_t) {
            line = Int(clamping: mark.line) &+ 1
            column = Int(clamping: mark.column) &+ 1
        }
    }

    /// An event, copied out of libyaml's memory.
    enum Event {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(String, isPlain: Bool, tag: String?, anchor: String?)
        case sequenceStart(tag: String?, anchor: String?)
        case sequenceEnd
        case mappingStart(tag: String?, anchor: String?)
        case mappingEnd
    }

    /// A value and how many bytes it would take written out, aliases expanded.
    private struct Node {
        var value: JSONValue
        var weight: Int
    }

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let limits: YAML.Limits
    private var anchors: [String: Node] = [:]
    private var aliasBytes = 0
    private var depth = 0

    init(_ input: UnsafeBufferPointer<UInt8>, limits: YAML.Limits) throws(YAMLError) {
        self.limits = limits
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError("out of memory", line: 1, column: 1)
        }
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    mutating func close() {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    mutating func documents() throws(YAMLError) -> [JSONValue] {
        var documents: [JSONValue] = []
        while true {
            let (event, mark) = try next()
            switch event {
            case .streamStart, .documentEnd: continue
            case .streamEnd: return documents
            case .documentStart:
                anchors = [:]
                let (root, place) = try next()
                let node = try node(root, place)
                if !node.value.isNull { documents.append(node.value) }
            default: throw fail("unexpected content", mark)
            }
        }
    }

    private func fail(_ message: String, _ mark: Mark) -> YAMLError {
        YAMLError(message, line: mark.line, column: mark.column)
    }

    private mutating func next() throws(YAMLError) -> (Event, Mark) {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        defer { yaml_event_delete(&event) }
        let mark = Mark(event.start_mark)
        switch event.type {
        case YAML_STREAM_START_EVENT: return (.streamStart, mark)
        case YAML_STREAM_END_EVENT: return (.streamEnd, mark)
        case YAML_DOCUMENT_START_EVENT: return (.documentStart, mark)
        case YAML_DOCUMENT_END_EVENT: return (.documentEnd, mark)
        case YAML_ALIAS_EVENT: return (.alias(Self.text(event.data.alias.anchor) ?? ""), mark)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let text = String(decoding: bytes, as: UTF8.self)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            return (.scalar(text, isPlain: isPlain, tag: Self.text(scalar.tag), anchor: Self.text(scalar.anchor)), mark)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return (.sequenceStart(tag: Self.text(start.tag), anchor: Self.text(start.anchor)), mark)
        case YAML_SEQUENCE_END_EVENT: return (.sequenceEnd, mark)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return (.mappingStart(tag: Self.text(start.tag), anchor: Self.text(start.anchor)), mark)
        case YAML_MAPPING_END_EVENT: return (.mappingEnd, mark)
        default: throw fail("unexpected end", mark)
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let pointer else { return nil }
        return String(cString: UnsafePointer(pointer))
    }

    /// What libyaml found wrong, with the context it was in.
    private func problem() -> YAMLError {
        let state = parser.pointee
        var message = state.problem.map { String(cString: $0) } ?? "malformed"
        if let context = state.context { message += " (\(String(cString: context)))" }
        guard state.error == YAML_READER_ERROR else { return fail(message, Mark(state.problem_mark)) }
        // The reader knows the byte only, and its place is that of what was read last.
        return fail(message + ", at byte \(state.problem_offset)", Mark(state.mark))
    }

    private mutating func node(_ event: Event, _ mark: Mark) throws(YAMLError) -> Node {
        switch event {
        case .scalar(let text, let isPlain, let tag, let anchor):
            let value: JSONValue
            do throws(YAMLScalar.Refusal) {
                value = try YAMLScalar.value(text, isPlain: isPlain, tag: tag)
            } catch {
                throw fail(error.message, mark)
            }
            return remember(Node(value: value, weight: text.utf8.count + 1), anchor)
        case .alias(let name):
            guard let node = anchors[name] else { throw fail("no anchor &\(name) comes before this alias", mark) }
            aliasBytes += node.weight
            guard aliasBytes <= limits.aliasBytes else {
                throw fail("aliases stand for more than \(limits.aliasBytes) bytes", mark)
            }
            return node
        case .sequenceStart(let tag, let anchor):
            try require(tag, "tag:yaml.org,2002:seq", mark)
            return remember(try nested(mark) { parser throws(YAMLError) in try parser.sequence() }, anchor)
        case .mappingStart(let tag, let anchor):
            try require(tag, "tag:yaml.org,2002:map", mark)
            return remember(try nested(mark) { parser throws(YAMLError) in try parser.mapping() }, anchor)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw fail("a value is missing", mark)
        }
    }

    private mutating func remember(_ node: Node, _ anchor: String?) -> Node {
        if let anchor { anchors[anchor] = node }
        return node
    }

    private func require(_ tag: String?, _ wanted: String, _ mark: Mark) throws(YAMLError) {
        guard let tag, tag != wanted, tag != "!" else { return }
        throw fail("the tag \(tag) is not supported", mark)
    }

    private mutating func nested(
        _ mark: Mark,
        _ body: (inout YAMLParser) throws(YAMLError) -> Node
    ) throws(YAMLError) -> Node {
        depth += 1
        guard depth <= limits.depth else { throw fail("nested deeper than \(limits.depth) levels", mark) }
        defer { depth -= 1 }
        return try body(&self)
    }

    private mutating func sequence() throws(YAMLError) -> Node {
        var elements: [JSONValue] = []
        var weight = 2
        while true {
            let (event, mark) = try next()
            if case .sequenceEnd = event { return Node(value: .array(elements), weight: weight) }
            let node = try node(event, mark)
            elements.append(node.value)
            weight += node.weight + 1
        }
    }

    private mutating func mapping() throws(YAMLError) -> Node {
        var members: [String: JSONValue] = [:]
        var merged: [String: JSONValue] = [:]
        var hasMerge = false
        var weight = 2
        while true {
            let (event, mark) = try next()
            if case .mappingEnd = event {
                let value = members.merging(merged) { own, _ in own }
                return Node(value: .object(value), weight: weight)
            }
            if case .scalar("<<", isPlain: true, tag: nil, _) = event {
                guard !hasMerge else { throw fail("the merge key << is given twice", mark) }
                hasMerge = true
                let (source, place) = try next()
                let node = try node(source, place)
                weight += node.weight
                merged = try mergeSource(node.value, place)
                continue
            }
            let key = try key(event, mark)
            let (valueEvent, place) = try next()
            let node = try node(valueEvent, place)
            guard members.updateValue(node.value, forKey: key) == nil else {
                throw fail("the key \"\(key.prefix(100))\" is given twice", mark)
            }
            weight += key.utf8.count + node.weight + 2
        }
    }

    /// The members that `<<` brings in: of several maps, the first that has a key counts.
    private func mergeSource(_ value: JSONValue, _ mark: Mark) throws(YAMLError) -> [String: JSONValue] {
        if let members = value.object { return members }
        var merged: [String: JSONValue] = [:]
        guard let sources = value.array else { throw fail("<< needs a map or a list of maps", mark) }
        for source in sources {
            guard let members = source.object else { throw fail("<< needs a map or a list of maps", mark) }
            merged.merge(members) { earlier, _ in earlier }
        }
        return merged
    }

    private mutating func key(_ event: Event, _ mark: Mark) throws(YAMLError) -> String {
        switch try node(event, mark).value {
        case .string(let text): return text
        case .integer(let number): return String(number)
        case .decimal(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .null: throw fail("a key is empty", mark)
        case .array, .object: throw fail("a key must be a scalar", mark)
        }
    }
}
