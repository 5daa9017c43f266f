import Artifacts
import Testing

@testable import ContainerRegistry

@Suite struct TokenAnswerTests {
    private let now = Timestamp(seconds: 1_767_225_600)

    private func answer(_ text: String) -> TokenAnswer? {
        TokenAnswer(Array(text.utf8), members: ["token", "access_token"], now: now)
    }

    @Test func bothNamesOfTheTokenAreRead() {
        #expect(answer(#"{"token": "t"}"#)?.token.value == "t")
        #expect(answer(#"{"access_token": "a"}"#)?.token.value == "a")
        #expect(answer(#"{"token": "t", "access_token": "a"}"#)?.token.value == "t")
        #expect(answer(#"{"token": "", "access_token": "a"}"#)?.token.value == "a")
    }

    @Test func whatCannotStandInAHeaderIsNoToken() {
        for text in [
            #"{"token": "a\r\nb"}"#, #"{"token": "a b"}"#, #"{"token": "é"}"#, #"{"token": 7}"#, "{}", "[]", "",
            "<html>",
            #"{"token": ""}"#, #"{"token": null}"#,
        ] {
            #expect(answer(text) == nil, "\(text)")
        }
        #expect(answer(#"{"token": ""# + String(repeating: "x", count: 65_537) + "\"}") == nil)
    }

    @Test func theLifeFollowsTheAnswerWithinBounds() {
        func life(_ more: String) -> Duration? { answer(#"{"token": "t""# + more + "}")?.life }
        #expect(life("") == .seconds(60))
        #expect(life(#", "expires_in": 300"#) == .seconds(300))
        #expect(life(#", "expires_in": 300.5"#) == .milliseconds(300_500))
        #expect(life(#", "expires_in": 0"#) == .seconds(60))
        #expect(life(#", "expires_in": -5"#) == .seconds(60))
        #expect(life(#", "expires_in": 1e300"#) == .seconds(86_400))
        #expect(life(#", "expires_in": "300""#) == .seconds(60))
        #expect(life(#", "expires_in": 300, "issued_at": "2025-12-31T23:59:00Z""#) == .seconds(240))
        // A clock that is off by more than the whole life says nothing.
        #expect(life(#", "expires_in": 300, "issued_at": "2025-12-31T00:00:00Z""#) == .seconds(300))
        #expect(life(#", "expires_in": 300, "issued_at": "2027-01-01T00:00:00Z""#) == .seconds(300))
        #expect(life(#", "expires_in": 300, "issued_at": "yesterday""#) == .seconds(300))
    }

    @Test func aTokenWithoutALifeIsAskedForItsOwn() {
        func life(_ claims: String) -> Duration? {
            let payload = Base64.encode(claims.utf8).filter { $0 != "=" }
            return answer(#"{"access_token": "h.\#(payload).s"}"#)?.life
        }
        let start = now.seconds
        #expect(life(#"{"iat": \#(start), "exp": \#(start + 4500)}"#) == .seconds(4500))
        #expect(life(#"{"nbf": \#(start - 100), "exp": \#(start + 4400)}"#) == .seconds(4400))
        // Our clock is ahead by hours: the token's own times still say how long it is good.
        #expect(life(#"{"iat": \#(start - 9000), "exp": \#(start - 4500)}"#) == .seconds(4500))
        #expect(life(#"{"exp": \#(start - 4500)}"#) == .seconds(60))
        #expect(life(#"{"iat": \#(Int64.min), "exp": \#(Int64.max)}"#) == .seconds(86_400))
        #expect(life(#"{"exp": "soon"}"#) == .seconds(60))
        #expect(life("garbage") == .seconds(60))
    }
}
