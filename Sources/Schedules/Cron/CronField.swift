/// One of the five fields of a cron expression: a set of numbers below 64.
struct CronField: Sendable, Hashable {
    /// What a field counts.
    struct Kind: Sendable {
        let name: String
        let range: ClosedRange<Int>
        /// Names that may stand for numbers, the first for the lowest of `range`.
        var names: [String] = []
        /// Both 0 and 7 are Sunday.
        var wraps = false

        static let minute = Kind(name: "minute", range: 0...59)
        static let hour = Kind(name: "hour", range: 0...23)
        static let day = Kind(name: "day of month", range: 1...31)
        static let month = Kind(
            name: "month",
            range: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        )
        static let weekday = Kind(
            name: "day of week",
            range: 0...6,
            names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
            wraps: true
        )
    }

    private var bits: UInt64 = 0
    /// Whether the field holds `*`: a day field that does leaves the choice of days to the other one. `*/2` is a
    /// restriction, as in Kubernetes' CronJob (robfig/cron; Vixie cron looks at the first character only).
    private(set) var isAny = false

    /// Parses `*`, `n`, `a-b`, each with `/step`, in a list (cron(5); `n/step` as in robfig/cron).
    init(_ text: Substring, _ kind: Kind) throws(ScheduleError) {
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            try add(item, kind, of: text)
        }
    }

    func contains(_ number: Int) -> Bool { (0..<64).contains(number) && bits & (1 << UInt64(number)) != 0 }

    /// The numbers, ascending.
    var numbers: [Int] { (0..<64).filter(contains) }

    private mutating func add(_ item: Substring, _ kind: Kind, of text: Substring) throws(ScheduleError) {
        func refuse(_ reason: String) -> ScheduleError {
            ScheduleError(.cron, "the \(kind.name) \"\(clip(text))\" \(reason)")
        }
        let parts = item.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, !first.isEmpty else {
            throw refuse("is not a list of numbers, ranges like 1-5 and steps like */15")
        }
        var step = 1
        if parts.count == 2 {
            guard let number = Self.number(parts[1]), number >= 1, number <= kind.range.upperBound else {
                throw refuse("has a step that is not a number from 1 to \(kind.range.upperBound)")
            }
            step = number
        }
        let range: ClosedRange<Int>
        if first == "*" || first == "?" && (kind.name == Kind.day.name || kind.wraps) {
            range = kind.range
            isAny = isAny || step == 1
        } else {
            let ends = first.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count <= 2, let low = Self.value(ends[0], kind),
                let high = Self.value(ends[ends.count - 1], kind)
            else {
                let names = kind.names.isEmpty ? "" : " or \(kind.names[0])-\(kind.names[kind.names.count - 1])"
                throw refuse("must have numbers from \(kind.range.lowerBound) to \(kind.range.upperBound)\(names)")
            }
            guard low <= high else { throw refuse("has a range that ends before it begins") }
            // `5/15` counts on from 5 to the end.
            range = low...(ends.count == 1 && parts.count == 2 ? max(kind.range.upperBound, low) : high)
        }
        for number in stride(from: range.lowerBound, through: range.upperBound, by: step) {
            bits |= 1 << UInt64(kind.wraps ? number % 7 : number)
        }
    }

    private static func value(_ text: Substring, _ kind: Kind) -> Int? {
        if let index = kind.names.firstIndex(of: text.lowercased()) { return kind.range.lowerBound + index }
        guard let number = number(text) else { return nil }
        return kind.range.contains(number) || kind.wraps && number == 7 ? number : nil
    }

    private static func number(_ text: Substring) -> Int? {
        guard (1...2).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}

/// The beginning of a text from outside, for a message.
func clip(_ text: some StringProtocol) -> String {
    text.count > 64 ? "\(text.prefix(64))…" : String(text)
}
