import Artifacts
import JSON

/// A column of the table that `kubectl get` prints.
struct PrinterColumn: Sendable {
    var name: String
    /// `string`, `integer`, `number`, `boolean` or `date`.
    var type = "string"
    var format = ""
    var description = ""
    /// Above zero only with `-o wide`.
    var priority = 0
    /// The cell of an object at a time.
    var cell: @Sendable (JSONValue, Timestamp) -> JSONValue

    init(
        _ name: String,
        type: String = "string",
        priority: Int = 0,
        _ cell: @escaping @Sendable (JSONValue, Timestamp) -> JSONValue
    ) {
        self.name = name
        self.type = type
        self.priority = priority
        self.cell = cell
        format = name == "Name" ? "name" : ""
    }

    /// A column of a CustomResourceDefinition; nil where its path cannot be read.
    init?(definition: JSONValue) {
        guard let path = JSONPath(definition["jsonPath"]?.string ?? "") else { return nil }
        let type = definition["type"]?.string ?? "string"
        name = definition["name"]?.string ?? ""
        self.type = type
        format = definition["format"]?.string ?? ""
        description = definition["description"]?.string ?? ""
        priority = definition["priority"]?.integer.flatMap { Int(exactly: $0) } ?? 0
        cell = { object, now in
            guard let value = path.values(in: object).first, !value.isNull else { return .null }
            switch type {
            case "date": return .string(PrinterColumn.age(since: value.string, now))
            case "integer", "number", "boolean": return value
            default: return .string(value.string ?? value.canonicalText)
            }
        }
    }

    static let name = PrinterColumn("Name") { object, _ in object[path: "metadata", "name"] ?? "" }

    static let ageOnly = PrinterColumn("Age") { object, now in
        .string(age(since: object[path: "metadata", "creationTimestamp"]?.string, now))
    }

    /// Name and age: what every kind has.
    static let standard = [name, ageOnly]

    static func age(since text: String?, _ now: Timestamp) -> String {
        guard let text, let start = try? Timestamp(rfc3339: text) else { return "<unknown>" }
        return humanized(seconds: max(0, now.seconds - start.seconds))
    }

    /// apimachinery `duration.HumanDuration`.
    static func humanized(seconds: Int64) -> String {
        func pair(_ first: Int64, _ unit: String, _ second: Int64, _ lesser: String) -> String {
            second == 0 ? "\(first)\(unit)" : "\(first)\(unit)\(second)\(lesser)"
        }
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400)
        if seconds < 120 { return "\(seconds)s" }
        if minutes < 10 { return pair(minutes, "m", seconds % 60, "s") }
        if minutes < 180 { return "\(minutes)m" }
        if hours < 8 { return pair(hours, "h", minutes % 60, "m") }
        if hours < 48 { return "\(hours)h" }
        if days < 8 { return pair(days, "d", hours % 24, "h") }
        if days < 730 { return "\(days)d" }
        if days < 2920 { return pair(days / 365, "y", days % 365, "d") }
        return "\(days / 365)y"
    }
}
