import JSON
import Testing

@testable import ReleasePlanning

/// apimachinery `resource.Quantity`: equal amounts are equal however they are written.
@Suite(.timeLimit(.minutes(1)))
struct QuantityTests {
    @Test(arguments: [
        ["1", "1000m", "1.0", "1e0", "0.001k", "1000000u", "1000000000n", "+1", "1.", "01"],
        ["1Gi", "1024Mi", "1048576Ki", "1073741824"],
        ["1.5Gi", "1536Mi"], ["1k", "1000", "1e3", "1E3", "1e+3"], ["1M", "1e6", "1000k"], ["1E", "1e18", "1000P"],
        ["0.5", "500m", ".5", "5e-1"], ["0", "0m", "-0", "0Gi", "0.000", "0e5"], ["-1", "-1000m"], ["1Ki", "1024"],
        ["1Ei", "1024Pi", "1152921504606846976"], ["100m", "0.1"], ["2.5", "2500m"],
    ])
    func equalAmountsAreEqual(texts: [String]) throws {
        let quantities = try texts.map { try #require(Quantity(text: $0), "\($0)") }
        #expect(Set(quantities).count == 1)
    }

    @Test func differentAmountsAreDifferent() throws {
        let texts = [
            "0", "1m", "1n", "1", "-1", "2", "10", "1k", "1Ki", "1M", "1Mi", "1G", "1Gi", "1.5", "3", "5", "15",
        ]
        let quantities = try texts.map { try #require(Quantity(text: $0), "\($0)") }
        #expect(Set(quantities).count == texts.count)
    }

    @Test(arguments: [
        "", "-", "+", ".", "m", "Gi", "1x", "1 Gi", " 1", "1gi", "1KI", "1e", "1ex", "1e31", "1e-31", "--1", "1.2.3",
        "0x1",
        "1e-9223372036854775808", "1e9223372036854775807", "1e99999999999999999999", "99999999999999999999", "1Gii",
        "é",
    ])
    func whatIsNoQuantityIsNone(text: String) {
        #expect(Quantity(text: text) == nil)
    }

    @Test func numbersAndTextsAreQuantities() {
        #expect(Quantity(JSONValue.integer(1)) == Quantity(text: "1"))
        #expect(Quantity(JSONValue.decimal("0.5")) == Quantity(text: "500m"))
        #expect(Quantity(JSONValue.string("1Gi")) == Quantity(text: "1024Mi"))
        for value in [true, .null, [], [:]] as [JSONValue] { #expect(Quantity(value) == nil) }
    }

    @Test(
        arguments: [
            ("0", 0), ("1", 1), ("20Gi", 20 << 30), ("1.5Gi", 3 << 29), ("1.5G", 1_500_000_000), ("1e3", 1000),
            ("0.5", 0), ("1500m", 1), ("7999m", 7), ("1n", 0), ("7Ei", 7 << 60), ("-0", 0),
        ] as [(String, Int64)]
    )
    func sizesAreWholeBytesRoundedDown(text: String, bytes: Int64) { #expect(SizeQuantity.bytes(text) == bytes) }

    @Test(arguments: ["", "-1", "8Ei", "1e19", "large"])
    func whatIsNoSizeHasNoBytes(text: String) { #expect(SizeQuantity.bytes(text) == nil) }
}
