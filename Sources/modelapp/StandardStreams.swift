import Glibc

/// Standard error, written at once and whole.
enum StandardError {
    static func write(_ text: String) { writeAll(text, to: 2) }
    /// Whether a person reads it.
    static var isTerminal: Bool { isatty(2) == 1 }
}

/// Standard output, written at once and whole: a reader at the other end of a pipe sees a line when it is printed.
enum StandardOutput {
    static func write(_ text: String) { writeAll(text, to: 1) }
    /// Whether a person reads it.
    static var isTerminal: Bool { isatty(1) == 1 }
}

private func writeAll(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            bytes = bytes.dropFirst(count)
        } else if errno != EINTR {
            return
        }
    }
}
