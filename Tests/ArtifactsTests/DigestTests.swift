import Artifacts
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DigestTests {
    private static let hex = String(repeating: "0123456789abcdef", count: 4)

    @Test func aDigestPrintsAsItWasParsed() throws {
        for text in ["sha256:" + Self.hex, "sha512:" + Self.hex + Self.hex] {
            let digest = try Digest(text)
            #expect(digest.description == text)
            #expect(try Digest(digest.description) == digest)
            #expect(digest.short == "0123456789ab")
        }
    }

    private static let noDigests: [String] = [
        "", ":", "sha256", "sha256:", "sha256:abc", hex, "md5:\(hex)", "SHA256:\(hex)", "sha256:\(hex.uppercased())",
        "sha256:\(hex)0", "sha256:\(hex.dropLast())", "sha512:\(hex)", " sha256:\(hex)", "sha256:\(hex) ",
        "sha256:\(hex.dropLast())g", "sha256:\(hex.dropLast(2))/.", "sha256:\(hex.dropLast(2))é",
        "sha256+b64:\(hex)", "sha256:\(hex.dropLast())\u{301}",
    ]

    @Test(arguments: noDigests)
    func whatIsNoDigestIsRefused(text: String) {
        let error = #expect(throws: ArtifactError.self) { try Digest(text) }
        #expect(error?.code == .digest)
    }

    @Test func bytesOfADigestAreItsHexadecimal() throws {
        let bytes = [UInt8](0..<32)
        #expect(Digest(bytes: bytes)?.hex == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        #expect(Digest(bytes: [UInt8](repeating: 255, count: 64))?.algorithm == .sha512)
        for count in [0, 1, 31, 33, 63, 65] {
            #expect(Digest(bytes: [UInt8](repeating: 0, count: count)) == nil)
        }
    }

    @Test func digestsOrderByTheirText() throws {
        let digests = try ["sha512:" + Self.hex + Self.hex, "sha256:" + Self.hex].map { try Digest($0) }
        #expect(digests.sorted().map(\.algorithm) == [.sha256, .sha512])
    }

    @Test func inputInAMessageIsShortAndHasNoControlCharacters() {
        let hostile = "\u{1B}[31m\r\n\u{9B}2J" + String(repeating: "x", count: 10_000)
        let clipped = hostile.clipped
        #expect(clipped.unicodeScalars.count == 123)
        #expect(clipped.hasPrefix("?[31m???2Jx"))
        #expect(clipped.hasSuffix("x..."))
        #expect("sha256:é日".clipped == "sha256:é日")
        let error = #expect(throws: ArtifactError.self) { try Digest(hostile) }
        #expect((error?.message.utf8.count ?? .max) < 250)
    }
}
