import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPURLTests {
    @Test(arguments: [
        ("http://example.org", "http://example.org/"), ("HTTPS://Example.ORG/A?b=C", "https://example.org/A?b=C"),
        ("https://example.org:443/", "https://example.org/"), ("http://example.org:80", "http://example.org/"),
        ("https://example.org:80/", "https://example.org:80/"), ("http://h:8080/a/../b", "http://h:8080/a/../b"),
        ("http://h?x=1", "http://h/?x=1"), ("http://h/p?", "http://h/p?"), ("http://h/a#frag?x", "http://h/a"),
        ("http://h#@evil/", "http://h/"), ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://[2001:DB8::1]/", "http://[2001:db8::1]/"), ("http://[::ffff:1.2.3.4]/", "http://[::ffff:1.2.3.4]/"),
        ("http://127.0.0.1/%2e%2E/", "http://127.0.0.1/%2e%2E/"), ("http://a_b-c.d/", "http://a_b-c.d/"),
        ("https://h//x//y", "https://h//x//y"), ("https://h/?u=http://other/", "https://h/?u=http://other/"),
    ])
    func anAbsoluteURLIsSplitIntoItsParts(text: String, expected: String) throws {
        let url = try #require(HTTPURL(text))
        #expect(url.description == expected)
        #expect(HTTPURL(url.description) == url)
        #expect(url.path.hasPrefix("/"))
    }

    @Test(arguments: [
        "", "/", "example.org", "//example.org/", "ftp://h/", "file:///etc/passwd", "javascript:alert(1)", "http:/h",
        "http:h", "http://", "http:///x", "http://?x", "http://:80/", "http://user@h/", "http://user:pass@h/",
        "http://h@evil.org/", "http://h:80@evil.org/", "http://h:/", "http://h:0/", "http://h:65536/", "http://h:+80/",
        "http://h:8o/", "http://h:80:90/", "http://[::1/", "http://[::1]x/", "http://[]/", "http://[v1.x]/",
        "http://[::1]:/", "http://[::1]:0/", "http://[::1%25eth0]/", "http://::1/", "http://h /", "http://h/a b",
        "http://h/\r\nX: y", "http://h\r\n/", "http://h\\@evil/", "http://h/\u{0}", "http://h/é", "http://é/",
        "http://h%00/", "http://h%2e/", "http://a,b/", " http://h/", "http://h/ ", "http://h/\"", "xhttp://h/",
        "http://\(String(repeating: "a", count: 254))/",
        "http://h/\(String(repeating: "a", count: 16_384))",
    ])
    func whatIsNoPlainHTTPURLIsRefused(text: String) {
        #expect(HTTPURL(text) == nil)
    }

    /// RFC 3986, 5.4, with its base moved to http and without other schemes.
    @Test(arguments: [
        ("g", "/b/c/g"), ("./g", "/b/c/g"), ("g/", "/b/c/g/"), ("/g", "/g"), ("?y", "/b/c/d;p?y"), ("g?y", "/b/c/g?y"),
        ("#s", "/b/c/d;p?q"), ("g#s", "/b/c/g"), ("g?y#s", "/b/c/g?y"), (";x", "/b/c/;x"), ("g;x", "/b/c/g;x"),
        ("", "/b/c/d;p?q"), (".", "/b/c/"), ("./", "/b/c/"), ("..", "/b/"), ("../", "/b/"), ("../g", "/b/g"),
        ("../..", "/"), ("../../", "/"), ("../../g", "/g"), ("../../../g", "/g"), ("../../../../g", "/g"),
        ("/./g", "/g"), ("/../g", "/g"), ("g.", "/b/c/g."), (".g", "/b/c/.g"), ("g..", "/b/c/g.."), ("..g", "/b/c/..g"),
        ("./../g", "/b/g"), ("./g/.", "/b/c/g/"), ("g/./h", "/b/c/g/h"), ("g/../h", "/b/c/h"), ("g;x=1/../y", "/b/c/y"),
        ("g?y/./x", "/b/c/g?y/./x"), ("g?y/../x", "/b/c/g?y/../x"), ("//g", "//g/"),
        // A colon behind the first slash or question mark belongs to no scheme.
        ("/v2/?next=https://x/y", "/v2/?next=https://x/y"), ("?u=http://x/", "/b/c/d;p?u=http://x/"), ("/a:b", "/a:b"),
    ])
    func aLocationIsResolvedAsTheRFCSays(location: String, expected: String) throws {
        let base = try #require(HTTPURL("http://a/b/c/d;p?q"))
        let url = try #require(base.resolving(location))
        #expect(url.description == (expected.hasPrefix("//") ? "http:\(expected)" : "http://a\(expected)"))
    }

    @Test(arguments: ["https://other.org:8443/x", "HTTP://other/x"])
    func anAbsoluteLocationStandsForItself(location: String) throws {
        let base = try #require(HTTPURL("http://a/b"))
        #expect(base.resolving(location) == HTTPURL(location))
    }

    @Test(arguments: [
        "ftp://x/", "javascript:alert(1)", "mailto:a@b", "//user@evil/", "http://user@evil/", "http:", ":x", "g:h",
        "/a\r\nSet-Cookie: x", "/a b", "//", "///x", "/\\evil", "\\\\evil",
    ])
    func aHostileLocationIsRefused(location: String) throws {
        let base = try #require(HTTPURL("https://registry/v2/"))
        #expect(base.resolving(location) == nil)
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func aRelativeLocationNeverLeavesItsOrigin(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let base = try #require(HTTPURL("https://registry:5000/v2/a/b"))
        let pieces = ["a", "..", ".", "/", "@", "evil.org", "?", "#", "%2f", "//x", ":", "\\", " ", "&", ";", "[", "]"]
        for _ in 0..<20 {
            let text = (0..<Int.random(in: 0...6, using: &generator))
                .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            guard let url = base.resolving(text) else { continue }
            if !text.hasPrefix("//") { #expect(url.origin == base.origin, "\(text)") }
            #expect(url.path.hasPrefix("/"))
            #expect(HTTPURL(url.description) == url, "\(text)")
        }
    }

    @Test func whatIsPrintedForPeopleHasNoQuery() throws {
        let url = try #require(HTTPURL("https://account.blob.core.windows.net/c/b?sig=secret"))
        #expect(url.redacted == "https://account.blob.core.windows.net/c/b")
    }

    @Test func aRequestCarriesAuthorityAndTarget() throws {
        let request = try #require(HTTPURL("https://[::1]:8443/a?b=c")).request(.head, [.accept: "x"])
        #expect(request.method == .head)
        #expect(request.scheme == "https")
        #expect(request.authority == "[::1]:8443")
        #expect(request.path == "/a?b=c")
        #expect(request.headerFields[.accept] == "x")
    }

    @Test(arguments: [
        ("abcXYZ019-._~", "abcXYZ019-._~"), ("a b/c", "a%20b%2Fc"), ("+&=?#%", "%2B%26%3D%3F%23%25"), ("é", "%C3%A9"),
        ("\u{0}\n", "%00%0A"), ("", ""), ("!*'();:@,[]", "%21%2A%27%28%29%3B%3A%40%2C%5B%5D"),
    ])
    func everythingButUnreservedCharactersIsEncoded(text: String, expected: String) {
        #expect(HTTPURL.encode(text) == expected)
        #expect(HTTPURL.decode(expected) == text)
    }

    @Test func slashesAreKeptInAWholePath() {
        #expect(HTTPURL.encode("a/b c/é", keepingSlashes: true) == "a/b%20c/%C3%A9")
    }

    @Test(arguments: ["%", "%4", "%zz", "a%2", "%-1", "%+1", "%%41"])
    func aBrokenPercentSignIsRefused(text: String) {
        #expect(HTTPURL.decode(text) == nil)
    }

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func whatIsEncodedDecodesAsTheSame(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let scalars = (0..<30).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0...0x2FFF, using: &generator)) }
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        #expect(HTTPURL.decode(HTTPURL.encode(text)) == text)
        #expect(HTTPURL("http://h/\(HTTPURL.encode(text))") != nil)
    }

    @Test func aQueryKeepsItsOrder() {
        #expect(HTTPURL.query([("b", "1 2"), ("a", "&"), ("b", "")]) == "b=1%202&a=%26&b=")
        #expect(HTTPURL.query([]) == "")
    }
}
