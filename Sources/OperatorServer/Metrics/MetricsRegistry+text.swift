/// The Prometheus text format, version 0.0.4.
extension MetricsRegistry {
    /// The type that goes with `text`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Everything as Prometheus reads it.
    public var text: String {
        var text = ""
        for family in contents {
            let name = Self.identifier(family.description.name)
            var lines = ""
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                Self.append(series, name, labels.pairs, to: &lines)
            }
            guard !lines.isEmpty else { continue }
            if !family.description.help.isEmpty {
                text += "# HELP \(name) \(Self.escaped(family.description.help, quotes: false))\n"
            }
            text += "# TYPE \(name) \(family.description.kind.rawValue)\n" + lines
        }
        return text
    }

    private static func append(_ series: Series, _ name: String, _ labels: [[String]], to text: inout String) {
        switch series {
        case .number(let number): text += "\(name)\(label(labels)) \(number.value.prometheusText)\n"
        case .function(let function):
            if let value = function() { text += "\(name)\(label(labels)) \(value.prometheusText)\n" }
        case .histogram(let histogram):
            let snapshot = histogram.snapshot
            var total: UInt64 = 0
            for (bound, count) in zip(histogram.bounds + [.infinity], snapshot.counts) {
                total &+= count
                text += "\(name)_bucket\(label(labels + [["le", bound.prometheusText]])) \(total)\n"
            }
            text += "\(name)_sum\(label(labels)) \(snapshot.sum.prometheusText)\n"
            text += "\(name)_count\(label(labels)) \(total)\n"
        }
    }

    private static func label(_ labels: [[String]]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { "\(identifier($0[0]))=\"\(escaped($0[1], quotes: true))\"" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    /// Names hold letters, digits and underscores, and do not begin with a digit.
    private static func identifier(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            let isDigit = ("0"..."9").contains(scalar)
            if isDigit, text.isEmpty { text += "_" }
            text.unicodeScalars.append(isLetter || isDigit ? scalar : "_")
        }
        return text.isEmpty ? "_" : text
    }

    private static func escaped(_ value: String, quotes: Bool) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\"" where quotes: text += "\\\""
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Double {
    /// Whole numbers without a fraction, and the format's words for what is none.
    var prometheusText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: self) { return "\(whole)" }
        return description
    }
}
