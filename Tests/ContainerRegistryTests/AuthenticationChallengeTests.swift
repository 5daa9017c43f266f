import TestSupport
import Testing

@testable import ContainerRegistry

@Suite struct AuthenticationChallengeTests {
    typealias Challenge = AuthenticationChallenge

    static let forms: [(String, [Challenge])] = [
        (
            #"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#,
            [
                Challenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.docker.io/token", "service": "registry.docker.io",
                        "scope": "repository:library/nginx:pull",
                    ]
                )
            ]
        ),
        (
            #"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull""#,
            [
                Challenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://ghcr.io/token", "service": "ghcr.io", "scope": "repository:user/image:pull",
                    ]
                )
            ]
        ),
        (
            #"Bearer realm="https://quay.io/v2/auth",service="quay.io""#,
            [Challenge(scheme: "bearer", parameters: ["realm": "https://quay.io/v2/auth", "service": "quay.io"])]
        ),
        (
            #"Bearer realm="https://harbor.corp/service/token",service="harbor-registry""#,
            [
                Challenge(
                    scheme: "bearer",
                    parameters: ["realm": "https://harbor.corp/service/token", "service": "harbor-registry"]
                )
            ]
        ),
        (
            #"Bearer realm="https://a.azurecr.io/oauth2/token",service="a.azurecr.io",scope="repository:x:pull,push",error="invalid_token""#,
            [
                Challenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://a.azurecr.io/oauth2/token", "service": "a.azurecr.io",
                        "scope": "repository:x:pull,push", "error": "invalid_token",
                    ]
                )
            ]
        ),
        (#"Basic realm="Registry Realm""#, [Challenge(scheme: "basic", parameters: ["realm": "Registry Realm"])]),
        (
            #"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#,
            [
                Challenge(scheme: "newauth", parameters: ["realm": "apps", "type": "1", "title": #"Login to "apps""#]),
                Challenge(scheme: "basic", parameters: ["realm": "simple"]),
            ]
        ),
        (
            #"Negotiate, Basic realm="x""#,
            [Challenge(scheme: "negotiate"), Challenge(scheme: "basic", parameters: ["realm": "x"])]
        ),
        (
            #"NTLM TlRMTVNTUAAB==, Bearer realm="https://x/t""#,
            [
                Challenge(scheme: "ntlm", token68: "TlRMTVNTUAAB=="),
                Challenge(scheme: "bearer", parameters: ["realm": "https://x/t"]),
            ]
        ),
        (#" , ,bEaReR  ReAlM = "x" ,, "#, [Challenge(scheme: "bearer", parameters: ["realm": "x"])]),
        (
            "Bearer realm=https://x/token,service=y",
            [Challenge(scheme: "bearer", parameters: ["realm": "https://x/token", "service": "y"])]
        ),
        (#"Basic realm="a", realm="b""#, [Challenge(scheme: "basic", parameters: ["realm": "a"])]),
        (#"Bearer realm="a\,b\\c""#, [Challenge(scheme: "bearer", parameters: ["realm": #"a,b\c"#])]),
        ("", []), (",,,", []), ("Basic", [Challenge(scheme: "basic")]), (#""quoted""#, []),
        // A malformed challenge ends the reading; what came before it counts.
        (#"Basic realm="x", Bearer realm="unterm"#, [Challenge(scheme: "basic", parameters: ["realm": "x"])]),
        (#"Negotiate, Bearer realm="unterminated"#, [Challenge(scheme: "negotiate")]),
        (#"Negotiate, Bearer realm="a"b"#, [Challenge(scheme: "negotiate")]),
        ("Negotiate, Bearer realm=\"a\u{1}b\"", [Challenge(scheme: "negotiate")]),
        (#"Negotiate, Bearer realm="a\"#, [Challenge(scheme: "negotiate")]),
    ]

    @Test func headersOfRealRegistriesAndHostileOnesAreRead() {
        for (header, expected) in Self.forms { #expect(Challenge.parse(header) == expected, "\(header)") }
    }

    @Test func aHeaderBeyondTheLimitIsIgnored() {
        let header = #"Basic realm=""# + String(repeating: "x", count: Challenge.maximumHeaderLength) + "\""
        #expect(Challenge.parse(header).isEmpty)
    }

    @Test func challengesAndParametersAreCounted() {
        #expect(Challenge.parse(String(repeating: "Basic, ", count: 1000)).count == Challenge.maximumCount)
        let many = "Bearer " + (0..<1000).map { "p\($0)=\"v\"" }.joined(separator: ", ")
        #expect(Challenge.parse(many).first?.parameters.count == Challenge.maximumCount)
    }

    @Test func anyBytesAreReadWithoutHarmAndAnyChallengeIsReadBack() async {
        let alphabet = Array("\"\\ \t,=Basic Bearer realm\u{7F}é#/:~+".utf8)
        await checkProperty(
            cases: 3000,
            generate: { random in (0..<Int.random(in: 0...60, using: &random)).map { _ in random.next() } },
            fails: { numbers in
                let noise = String(
                    decoding: numbers.map { alphabet[Int($0 % UInt64(alphabet.count))] },
                    as: UTF8.self
                )
                for challenge in Challenge.parse(noise) where challenge.scheme.isEmpty {
                    return "an empty scheme from \(noise)"
                }
                // Whatever the value is, quoted it comes back, and the challenge behind it is found.
                let value = noise.filter { !$0.isNewline && $0 != "\u{7F}" }
                let quoted = value.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
                let header = "Bearer realm=\"\(quoted)\", service=\"s\", Basic realm=\"r\""
                let expected = [
                    Challenge(scheme: "bearer", parameters: ["realm": value, "service": "s"]),
                    Challenge(scheme: "basic", parameters: ["realm": "r"]),
                ]
                let parsed = Challenge.parse(header)
                return parsed == expected ? nil : "\(header) was read as \(parsed)"
            }
        )
    }
}
