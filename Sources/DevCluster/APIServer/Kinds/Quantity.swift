/// A resource quantity in its canonical form (apimachinery `resource.Quantity`).
///
/// Decimal exponents and suffixes become the largest suffix that keeps the mantissa whole, binary suffixes stay binary:
/// `1000m` is `1`, `0.5` is `500m`, `1024Mi` is `1Gi`, `1e3` is `1k` written `1e3`. Precision ends at nano; a quantity
/// beyond 64 bits of nano or of the unit is kept as it was written.
struct Quantity: Sendable, Hashable {
    /// The canonical text.
    let text: String

    private static let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
    private static let decimal: [(suffix: String, power: Int)] = [
        ("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18),
    ]

    /// Nil where `source` is no quantity.
    init?(_ source: String) {
        let bytes = Array(source.utf8)
        var index = 0
        var isNegative = false
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            index = 1
        }
        var digits: [UInt8] = []
        var fraction = 0
        var sawPoint = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "."), !sawPoint {
                sawPoint = true
            } else if (48...57).contains(byte) {
                digits.append(byte)
                if sawPoint { fraction += 1 }
            } else {
                break
            }
            index += 1
        }
        guard !digits.isEmpty, digits.count <= 64 else { return nil }
        let suffix = String(decoding: bytes[index...], as: UTF8.self)
        while fraction > 0, digits.last == 48 {
            digits.removeLast()
            fraction -= 1
        }
        guard let mantissa = Int64(digits.isEmpty ? "0" : String(decoding: digits, as: UTF8.self)) else {
            guard Quantity.power(suffix) != nil || Quantity.binary.contains(suffix) else { return nil }
            text = source
            return
        }
        if mantissa == 0 {
            guard Quantity.power(suffix) != nil || Quantity.binary.contains(suffix) else { return nil }
            text = "0"
            return
        }
        let sign = isNegative ? "-" : ""
        if let step = Quantity.binary.firstIndex(of: suffix) {
            text = Quantity.binaryText(mantissa, fraction, step + 1).map { sign + $0 } ?? source
            return
        }
        guard let power = Quantity.power(suffix) else { return nil }
        text =
            Quantity.decimalText(
                mantissa,
                power - fraction,
                isExponent: suffix.contains { $0 == "e" || $0 == "E" } && suffix != "E"
            )
            .map { sign + $0 } ?? source
    }

    private static func power(_ suffix: String) -> Int? {
        if let known = decimal.first(where: { $0.suffix == suffix }) { return known.power }
        guard let first = suffix.first, first == "e" || first == "E", let power = Int(suffix.dropFirst()),
            (-18...18).contains(power)
        else { return nil }
        return power
    }

    /// `mantissa * 10^power` with the largest suffix that leaves a whole number; rounded up at nano.
    private static func decimalText(_ mantissa: Int64, _ power: Int, isExponent: Bool) -> String? {
        var (mantissa, power) = (mantissa, power)
        while power < -9 {
            let (quotient, remainder) = mantissa.quotientAndRemainder(dividingBy: 10)
            mantissa = quotient + (remainder == 0 ? 0 : 1)
            power += 1
        }
        while mantissa % 10 == 0, mantissa != 0 {
            mantissa /= 10
            power += 1
        }
        while power.quotientAndRemainder(dividingBy: 3).remainder != 0 || power > 18 {
            let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            mantissa = product
            power -= 1
        }
        if isExponent { return power == 0 ? String(mantissa) : "\(mantissa)e\(power)" }
        guard let suffix = decimal.first(where: { $0.power == power })?.suffix else { return nil }
        return String(mantissa) + suffix
    }

    /// `mantissa / 10^fraction * 1024^step`; a part of a byte is rounded up, as the original does.
    private static func binaryText(_ mantissa: Int64, _ fraction: Int, _ step: Int) -> String? {
        var (value, step) = (mantissa, step)
        var divisor: Int64 = 1
        for _ in 0..<fraction {
            let (product, overflow) = divisor.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            divisor = product
        }
        while value % divisor != 0 {
            guard step > 0 else {
                value = value / divisor + 1
                divisor = 1
                break
            }
            let (product, overflow) = value.multipliedReportingOverflow(by: 1024)
            guard !overflow else { return nil }
            value = product
            step -= 1
        }
        value /= divisor
        while value % 1024 == 0, step < binary.count {
            value /= 1024
            step += 1
        }
        return step == 0 ? String(value) : String(value) + binary[step - 1]
    }
}
