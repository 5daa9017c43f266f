/// XML as the blob services write it: elements without attributes, built front to back.
struct XMLText: Sendable {
    private(set) var text: String

    /// A document that starts with the declaration.
    init() { text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" }

    /// An element with other elements inside.
    /// - Parameter namespace: its default namespace.
    mutating func element(_ name: String, namespace: String? = nil, _ inside: (inout XMLText) -> Void) {
        text += "<" + name + (namespace.map { " xmlns=\"\($0)\"" } ?? "") + ">"
        inside(&self)
        text += "</" + name + ">"
    }

    /// An element with text.
    mutating func element(_ name: String, _ value: String) {
        text += "<\(name)>" + XMLText.escape(value) + "</\(name)>"
    }

    /// Text inside the element that is open.
    mutating func append(_ value: String) { text += XMLText.escape(value) }

    /// An element with text, unless there is none.
    mutating func element(_ name: String, ifPresent value: String?) {
        if let value { element(name, value) }
    }

    /// `value` for use as text: markup and control characters as references, those that XML cannot hold as U+FFFD.
    static func escape(_ value: String) -> String {
        var output = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "&": output += "&amp;"
            case "\"": output += "&quot;"
            case "\t", "\n", "\r": output += "&#\(scalar.value);"
            default:
                let isControl = scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF
                output.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
            }
        }
        return output
    }
}
