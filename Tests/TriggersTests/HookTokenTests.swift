import Artifacts
import Testing

@testable import Triggers

/// Who may send a webhook. The codes were computed by Python's `hmac`.
@Suite struct HookTokenTests {
    static let text = "0123456789abcdef0123456789abcdef"
    private let now = Timestamp(seconds: 1_767_225_600)

    static func token(_ text: String = text) throws -> HookToken { try HookToken(Array(text.utf8)) }

    private func prove(_ headers: [String: String], _ body: String = #"{"a":1}"#) throws -> HookToken.Proof {
        let request = WebhookRequest(path: "/hook/x", headers: headers, body: Array(body.utf8))
        return try Self.token().proof(in: request, now: now)
    }

    private static let bodyCode =
        "sha256=f0546246da9e2349100c845a8561214788d75d900f3c086a72fcfa03bb1f42ab"
    private static let timedCode =
        "sha256=5a178d9c0a752b5853bf52551646d72a3506620c785b7cfaf493f8b2adddfbdd"

    @Test func aPathIsACodeOfTheSecretsNameUnderItsToken() throws {
        let path = HookPath(try Self.token(), namespace: "prod", name: "hook")
        #expect(path.description == "/hook/cc21b4e3119a12062ba8046d78d1f337ec20053ca9e516cca853dc0e21b43bd6")
        #expect(HookPath(path.description)?.isEqual(path) == true)
        for (namespace, name) in [("pro", "dhook"), ("prod", "hook2"), ("staging", "hook")] {
            #expect(!HookPath(try Self.token(), namespace: namespace, name: name).isEqual(path))
        }
        #expect(
            !HookPath(try Self.token("another-token-of-32-characters--"), namespace: "prod", name: "hook").isEqual(path)
        )
    }

    @Test(arguments: [
        "", "/", "/hook", "/hook/", "/hook/abc", "/hook/../hook", "/HOOK/" + String(repeating: "a", count: 64),
    ])
    func otherPathsAreNone(path: String) { #expect(HookPath(path) == nil) }

    @Test func aPathHasLowerCaseDigitsAndNothingBehindThem() {
        let digits = String(repeating: "a", count: 64)
        #expect(HookPath("/hook/" + digits) != nil)
        #expect(HookPath("/hook/" + digits.uppercased()) == nil)
        #expect(HookPath("/hook/" + digits + "/") == nil)
        #expect(HookPath("/hook/" + digits.dropLast() + "é") == nil)
    }

    @Test func theTokenIsProvenByBearerByPasswordAndBySignature() throws {
        #expect(try prove(["authorization": "Bearer " + Self.text]) == .authorization)
        #expect(try prove(["authorization": "bearer " + Self.text]) == .authorization)
        let pair = Base64.encode(Array(("anybody:" + Self.text).utf8))
        #expect(try prove(["authorization": "Basic " + pair]) == .authorization)
        #expect(try prove(["x-hub-signature-256": Self.bodyCode]) == .bodySignature)
        #expect(try prove(["x-signature": Self.timedCode, "x-timestamp": "1767225600"]) == .timedSignature)
    }

    @Test(arguments: [
        [:], ["authorization": ""], ["authorization": "Bearer"], ["authorization": "Bearer "],
        ["authorization": "Bearer 0123456789abcdef0123456789abcdeg"],
        ["authorization": "Bearer 0123456789abcdef0123456789abcde"],
        ["authorization": "Basic 0123456789abcdef0123456789abcdef"], ["authorization": "Digest " + text],
        ["authorization": text], ["x-hub-signature-256": "sha256="], ["x-hub-signature-256": timedCode],
        ["x-hub-signature-256": "sha1=0"], ["x-signature": timedCode],
        ["x-signature": timedCode, "x-timestamp": "soon"],
        ["x-signature": timedCode, "x-timestamp": "1767225601"],
        ["x-signature": bodyCode, "x-timestamp": "1767225600"],
        // What does not hold is not made good by what would.
        ["x-signature": "sha256=0", "x-timestamp": "1767225600", "authorization": "Bearer " + text],
        ["x-hub-signature-256": "sha256=0", "authorization": "Bearer " + text],
    ])
    func anythingElseIsRefused(headers: [String: String]) {
        let error = #expect(throws: WebhookRefusal.self) { try prove(headers) }
        #expect(error?.result == .unauthorized && error?.status == 401)
        #expect(error?.message.contains(Self.text) == false)
    }

    @Test func aSignatureCountsForFiveMinutesEitherWay() throws {
        for seconds: Int64 in [-299, 0, 299] {
            #expect(try proveSigned(at: 1_767_225_600 + seconds) == .timedSignature)
        }
        for seconds: Int64 in [-301, 301, -86_400, 9_000_000_000_000_000] {
            let error = #expect(throws: WebhookRefusal.self) { try proveSigned(at: 1_767_225_600 + seconds) }
            #expect(error?.message.contains("clock") == true)
        }
    }

    private func proveSigned(at seconds: Int64) throws -> HookToken.Proof {
        let code = try Self.token().code(Array(#"\#(seconds).{"a":1}"#.utf8))
        return try prove(["x-signature": "sha256=" + code, "x-timestamp": "\(seconds)"])
    }

    @Test func aTokenIsLongEnoughAndSpaceAroundItDoesNotCount() throws {
        let path = HookPath(try Self.token(), namespace: "a", name: "b")
        #expect(HookPath(try Self.token(" \(Self.text)\r\n"), namespace: "a", name: "b").isEqual(path))
        for text in [
            "", "short", String(repeating: "a", count: 15), String(repeating: "a", count: 1025), "with space inside it",
        ] {
            let error = #expect(throws: HookTokenError.self) { try Self.token(text) }
            #expect(error?.message.contains("openssl rand") == true)
        }
        #expect(throws: HookTokenError.self) { try HookToken(nil) }
        #expect("\(try Self.token())" == "<redacted>")
    }

    @Test func aDeliveryIsRememberedForTenMinutesAndTheOldestGoesFirst() {
        var window = ReplayWindow(length: .seconds(600), limit: 3)
        let start = ContinuousClock.now
        let marks = (0..<5).map { ReplayWindow.digest(of: [[UInt8($0)], [1]]) }
        #expect(Set(marks + [ReplayWindow.digest(of: [[0, 1]])]).count == 6)
        #expect(!window.contains(marks[0], now: start))
        window.insert(marks[0], now: start)
        #expect(window.contains(marks[0], now: start + .seconds(599)))
        #expect(!window.contains(marks[0], now: start + .seconds(600)))
        for (index, mark) in marks.enumerated() { window.insert(mark, now: start + .seconds(700 + index)) }
        #expect(!window.contains(marks[1], now: start + .seconds(705)))
        #expect(window.contains(marks[4], now: start + .seconds(705)))
    }
}
