import Artifacts
import Foundation
import TestSupport
import Testing

@Suite struct Base64Tests {
    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func itIsFoundationsBase64(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let bytes = (0..<Int.random(in: 0...70, using: &generator)).map { _ in
            UInt8.random(in: 0...255, using: &generator)
        }
        let text = Data(bytes).base64EncodedString()
        #expect(Base64.encode(bytes) == text)
        #expect(Base64.decode(text) == bytes)
        let urls = text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        #expect(Base64.decodeAnyForm(urls) == bytes)
        #expect(Base64.decodeAnyForm(text) == bytes)
        let isStandard = urls.utf8.count % 4 == 0 && !urls.contains("-") && !urls.contains("_")
        #expect((Base64.decode(urls) == nil) == !isStandard)
    }

    @Test func lineBreaksAreSkipped() { #expect(Base64.decode("aGVs\r\nbG8=\n") == Array("hello".utf8)) }

    @Test(arguments: ["a", "ab", "abc", "abcde", "ab=c", "a===", "====", "ab!d", "abcd=", "é==="])
    func whatIsNotBase64IsNil(text: String) { #expect(Base64.decode(text) == nil) }

    @Test(arguments: ["a", "ab!d", "é"])
    func whatIsNotBase64InAnyFormIsNil(text: String) { #expect(Base64.decodeAnyForm(text) == nil) }
}
