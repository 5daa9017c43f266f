/// Lengths of time as people write them in manifests: `90s`, `1h30m`, `2.5h`, `100ms` (Go `time.ParseDuration`).
extension Duration {
    /// Parses a non-negative Go duration of at most 1,000,000,000 s, rounded to microseconds. Throws with what was
    /// expected.
    public init(goText text: String) throws(ArtifactError) {
        func fail() -> ArtifactError {
            ArtifactError(.duration, "\"\(text.clipped)\" is not a duration such as 30s, 5m or 1h30m")
        }
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= 64 else { throw fail() }
        if bytes == [48] {
            self = .zero
            return
        }
        var total = 0.0
        var index = 0
        while index < bytes.count {
            let start = index
            while index < bytes.count, (48...57).contains(bytes[index]) || bytes[index] == 46 { index += 1 }
            guard index > start, let number = Double(String(decoding: bytes[start..<index], as: UTF8.self)) else {
                throw fail()
            }
            let unitStart = index
            while index < bytes.count, !(48...57).contains(bytes[index]), bytes[index] != 46 { index += 1 }
            let scale: Double
            switch String(decoding: bytes[unitStart..<index], as: UTF8.self) {
            case "h": scale = 3600
            case "m": scale = 60
            case "s": scale = 1
            case "ms": scale = 0.001
            case "us", "\u{B5}s", "\u{3BC}s": scale = 0.000_001
            case "ns": scale = 0.000_000_001
            default: throw fail()
            }
            total += number * scale
        }
        guard total.isFinite, total <= 1_000_000_000 else { throw fail() }
        self = .microseconds(Int64((total * 1_000_000).rounded()))
    }

    /// The shortest Go form in whole milliseconds: `1h30m`, `90s` becomes `1m30s`.
    public var goText: String {
        var milliseconds = wholeMicroseconds / 1000
        guard milliseconds != 0 else { return "0s" }
        let sign = milliseconds < 0 ? "-" : ""
        milliseconds = abs(milliseconds)
        var text = sign
        if milliseconds >= 3_600_000 { text += "\(milliseconds / 3_600_000)h" }
        if milliseconds / 60_000 % 60 > 0 { text += "\(milliseconds / 60_000 % 60)m" }
        let rest = milliseconds % 60_000
        if rest > 0 { text += rest % 1000 == 0 ? "\(rest / 1000)s" : "\(rest)ms" }
        return text
    }

    /// The duration in microseconds, rounded towards zero; saturates at the ends of Int64.
    public var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, tooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, overflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return tooLarge || overflow ? (seconds < 0 ? .min : .max) : sum
    }

    /// The duration in seconds.
    public var inSeconds: Double { Double(wholeMicroseconds) / 1_000_000 }
}
