/// A point in time: milliseconds since 1970-01-01T00:00:00Z, by whichever clock the name of the value says.
///
/// A plain number, because this target reads no clock and formats no date but in a sentence. Arithmetic on values from
/// outside goes through `adding(_:)`, which saturates.
public typealias UnixMilliseconds = Int64

/// A length of time in milliseconds.
public typealias Milliseconds = Int64

extension UnixMilliseconds {
    /// The instant `length` later; saturates at the ends of the type instead of trapping.
    func adding(_ length: Milliseconds) -> UnixMilliseconds {
        let (sum, overflow) = addingReportingOverflow(length)
        return overflow ? (length < 0 ? .min : .max) : sum
    }

    /// RFC 3339 in UTC to the second, for sentences. Instants outside the years 1 to 9999 print as a plain number.
    var rfc3339: String {
        guard (-62_135_596_800_000..<253_402_300_800_000).contains(self) else { return "\(self) ms after 1970" }
        let seconds = self >= 0 ? self / 1000 : (self - 999) / 1000
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let ofDay = seconds - days * 86_400
        // Days are counted in eras of 400 years that begin in March, so that a leap day ends its year (H. Hinnant,
        // "chrono-compatible low-level date algorithms").
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func padded(_ number: Int64, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month))-\(padded(day))T"
            + "\(padded(ofDay / 3600)):\(padded(ofDay / 60 % 60)):\(padded(ofDay % 60))Z"
    }
}
