import Artifacts
import TestSupport
import Testing

/// The examples of `distribution/reference` (reference_test.go, normalize_test.go), in the normalised form.
@Suite(.timeLimit(.minutes(1)))
struct ImageReferenceTests {
    private static let sha256 = "sha256:" + String(repeating: "f", count: 64)

    private static let references: [(String, String)] = [
        // normalize_test.go, TestParseRepositoryInfo
        ("fooo/bar", "docker.io/fooo/bar"), ("library/ubuntu", "docker.io/library/ubuntu"),
        ("nonlibrary/ubuntu", "docker.io/nonlibrary/ubuntu"), ("other/library", "docker.io/other/library"),
        ("127.0.0.1:8000/private/moonbase", "127.0.0.1:8000/private/moonbase"),
        ("127.0.0.1:8000/privatebase", "127.0.0.1:8000/privatebase"),
        ("example.com/private/moonbase", "example.com/private/moonbase"),
        ("example.com/privatebase", "example.com/privatebase"),
        ("example.com:8000/private/moonbase", "example.com:8000/private/moonbase"),
        ("localhost/private/moonbase", "localhost/private/moonbase"),
        ("localhost/privatebase", "localhost/privatebase"),
        ("ubuntu-12.04-base", "docker.io/library/ubuntu-12.04-base"),
        ("docker.io/public/moonbase", "docker.io/public/moonbase"), ("docker.io/ubuntu", "docker.io/library/ubuntu"),
        ("index.docker.io/library/ubuntu", "docker.io/library/ubuntu"),
        ("index.docker.io/ubuntu", "docker.io/library/ubuntu"), ("[2001:db8::1]:5000/repo", "[2001:db8::1]:5000/repo"),
        ("[2001:db8::1]/repo", "[2001:db8::1]/repo"),
        // reference_test.go, TestReferenceParse
        ("test_com", "docker.io/library/test_com"), ("test.com:tag", "docker.io/library/test.com:tag"),
        ("test.com:5000", "docker.io/library/test.com:5000"), ("test.com/repo:tag", "test.com/repo:tag"),
        ("test:5000/repo", "test:5000/repo"), ("test:5000/repo:tag", "test:5000/repo:tag"),
        ("test:5000/repo@\(sha256)", "test:5000/repo@\(sha256)"),
        ("test:5000/repo:tag@\(sha256)", "test:5000/repo:tag@\(sha256)"), ("a/a/a/a", "docker.io/a/a/a/a"),
        ("sub-dom1.foo.com/bar/baz/quux", "sub-dom1.foo.com/bar/baz/quux"),
        ("sub-dom1.foo.com/bar/baz/quux:some-long-tag", "sub-dom1.foo.com/bar/baz/quux:some-long-tag"),
        ("b.gcr.io/test.example.com/my-app:test.example.com", "b.gcr.io/test.example.com/my-app:test.example.com"),
        ("xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com/myimage:xn--n3h.com"),
        ("xn--7o8h.com/myimage:xn--7o8h.com@\(sha256)", "xn--7o8h.com/myimage:xn--7o8h.com@\(sha256)"),
        ("foo_bar.com:8080", "docker.io/library/foo_bar.com:8080"),
        ("foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com:8080"), ("aa/aa/bb/bb/bb", "docker.io/aa/aa/bb/bb/bb"),
        ("foo/foo_bar.com__x--y", "docker.io/foo/foo_bar.com__x--y"),
        // A host is case-insensitive; a tag is not.
        ("ACR.azurecr.io/app:V1", "acr.azurecr.io/app:V1"), ("a:_tag", "docker.io/library/a:_tag"),
    ]

    @Test(arguments: references)
    func aReferenceIsNormalised(text: String, expected: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.description == expected)
        #expect(try ImageReference(reference.description) == reference)
    }

    private static let noReferences: [String] = [
        "", ":justtag", "@\(sha256)", "repo@sha256:ffffffff", "repo@sha256", "validname@invaliddigest:ffffffff",
        "Uppercase:tag", "test:5000/Uppercase/lowercase:tag", "lowercase:Uppercase/tag", "aa/asdf$$^/aa", "a//b", "/a",
        "a/", "a:", "a@", "a:b:c", "a:b@", "-foo/bar", "foo-/bar", "foo/bar-", "foo/-bar", "foo..bar", "foo._bar",
        "foo___bar", "_foo", ".foo", "foo.", "a b", "a\nb", "-test.com/repo", "test-.com/repo", "a..com/repo",
        "foo_bar.com/repo", "[2001:db8::1]", "[2001:db8::1/repo", "2001:db8::1/repo", "[fe80::1%25eth0]/repo",
        "[]/repo",
        "host:/repo", "host:0/repo", "host:65536/repo", "host:+80/repo", "host:8o/repo", "https://host/repo",
        "user@host/repo", "repo:.tag", "repo:-tag", "repo:t/ag", "repo:tág", "répo", "a/b@\(sha256)@\(sha256)",
        "repo:\(String(repeating: "a", count: 129))", String(repeating: "a", count: 256),
        "\(String(repeating: "a/", count: 200))b", String(repeating: "x", count: 1 << 20), "foo/\u{301}bar", "Org/app",
    ]

    @Test(arguments: noReferences)
    func whatIsNoReferenceIsRefused(text: String) {
        let error = #expect(throws: ArtifactError.self) { try ImageReference(text) }
        #expect(error?.code == .reference || error?.code == .digest)
        #expect((error?.message.utf8.count ?? .max) < 600)
    }

    @Test func limitsAreThoseOfTheGrammar() throws {
        let tag = String(repeating: "a", count: 128)
        #expect(try ImageReference("repo:\(tag)").tag == tag)
        let name = String(repeating: "a", count: 255)
        #expect(try ImageReference("host.io/\(name)").repository == name)
    }

    @Test func aPodTemplateCarriesRepositoryAndDigestAlone() throws {
        let digest = try Digest(Self.sha256)
        #expect(try ImageReference("acr.io/app:v1").pinned(to: digest) == "acr.io/app@\(Self.sha256)")
        #expect(try ImageReference("acr.io/app:v1@\(Self.sha256)").name == "acr.io/app")
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func anythingThatParsesPrintsAsSomethingThatParsesAsTheSame(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let pieces = [
            "a", "b1", "Z", ".", "_", "__", "-", "--", "/", "/", ":", ":", "@", "@\(Self.sha256)", "localhost", "x.io",
            ":5000", "[::1]", "docker.io", "é", " ",
        ]
        for _ in 0..<40 {
            let text = (0..<Int.random(in: 1...7, using: &generator))
                .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            guard let reference = try? ImageReference(text) else { continue }
            #expect(try ImageReference(reference.description) == reference, "\(text)")
        }
    }
}
