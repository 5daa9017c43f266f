extension String {
    /// The text in double quotes for a message to people: at most 120 scalars, without control characters, so that a
    /// name from outside cannot break a log line or a status field.
    var quoted: String { "\"\(clipped(to: 120))\"" }

    /// The text for a message to people: at most 512 scalars, without control characters.
    var withoutControls: String { clipped(to: 512) }

    private func clipped(to limit: Int) -> String {
        var text = ""
        var count = 0
        for scalar in unicodeScalars {
            if count == limit { return text + "..." }
            text.unicodeScalars.append(scalar.isControl ? "?" : scalar)
            count += 1
        }
        return text
    }

    /// Whether the text holds a C0, C1 or DEL control character.
    var hasControlCharacters: Bool { unicodeScalars.contains(where: \.isControl) }
}

extension Unicode.Scalar {
    /// C0 and C1 controls and DEL.
    var isControl: Bool { value < 0x20 || (0x7f...0x9f).contains(value) }
}
