import JSON

/// An amount as Kubernetes writes it, reduced so that equal amounts are equal: `1000m` is `1`, `1024Mi` is `1Gi`
/// (apimachinery `resource.Quantity`).
struct Quantity: Hashable {
    /// The amount is mantissa * 5^exponentOfFive * 2^exponentOfTwo, the mantissa divisible by neither.
    private var mantissa: Int64
    private var exponentOfFive: Int
    private var exponentOfTwo: Int

    /// The amount in a number or a string; nil where it is none, or too large to be compared.
    init?(_ value: JSONValue) {
        switch value {
        case .integer(let number): self.init(text: String(number))
        case .decimal(let text), .string(let text): self.init(text: text)
        default: return nil
        }
    }

    init?(text: String) {
        let bytes = Array(text.utf8)
        var index = 0
        let negative = bytes.first == UInt8(ascii: "-")
        if negative || bytes.first == UInt8(ascii: "+") { index = 1 }
        var mantissa: Int64 = 0
        var scale = 0
        var sawDot = false
        var sawDigit = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "."), !sawDot {
                sawDot = true
            } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                let (product, high) = mantissa.multipliedReportingOverflow(by: 10)
                let (sum, low) = product.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
                guard !high, !low else { return nil }
                mantissa = sum
                if sawDot { scale -= 1 }
                sawDigit = true
            } else {
                break
            }
            index += 1
        }
        guard sawDigit else { return nil }
        var two = 0
        switch String(decoding: bytes[index...], as: UTF8.self) {
        case "": break
        case "n": scale -= 9
        case "u": scale -= 6
        case "m": scale -= 3
        case "k": scale += 3
        case "M": scale += 6
        case "G": scale += 9
        case "T": scale += 12
        case "P": scale += 15
        case "E": scale += 18
        case "Ki": two = 10
        case "Mi": two = 20
        case "Gi": two = 30
        case "Ti": two = 40
        case "Pi": two = 50
        case "Ei": two = 60
        case let suffix:
            guard suffix.first == "e" || suffix.first == "E", let power = Int(suffix.dropFirst()),
                (-30...30).contains(power)
            else {
                return nil
            }
            scale += power
        }
        // 10 is 2 times 5: a power of two is moved out of the mantissa after the powers of ten are.
        while mantissa != 0, mantissa % 10 == 0 {
            mantissa /= 10
            scale += 1
        }
        // Expressed as mantissa * 5^scale * 2^(two + scale), with the mantissa odd and not divisible by five.
        var twos = two + scale
        while mantissa != 0, mantissa % 2 == 0 {
            mantissa /= 2
            twos += 1
        }
        var fives = scale
        while mantissa != 0, mantissa % 5 == 0 {
            mantissa /= 5
            fives += 1
        }
        if mantissa == 0 {
            twos = 0
            fives = 0
        }
        self.mantissa = negative ? -mantissa : mantissa
        exponentOfFive = fives
        exponentOfTwo = twos
    }

    /// The amount as a whole number, rounded down; nil where it is negative or larger than `Int64` holds.
    var whole: Int64? {
        guard mantissa >= 0 else { return nil }
        var value = mantissa
        // The positive powers first, so that nothing is lost to rounding before the last step.
        for (base, exponent) in [(Int64(5), exponentOfFive), (2, exponentOfTwo)] where exponent > 0 {
            for _ in 0..<exponent {
                let (product, overflow) = value.multipliedReportingOverflow(by: base)
                guard !overflow else { return nil }
                value = product
            }
        }
        for (base, exponent) in [(Int64(5), exponentOfFive), (2, exponentOfTwo)] where exponent < 0 {
            for _ in 0..<(-exponent) where value > 0 { value /= base }
        }
        return value
    }
}

/// A size as Kubernetes writes it, `20Gi` or `1.5G`.
public enum SizeQuantity {
    /// How many bytes that are; nil where `text` is no size, negative, or more than `Int64` holds.
    public static func bytes(_ text: String) -> Int64? { Quantity(text: text)?.whole }
}
