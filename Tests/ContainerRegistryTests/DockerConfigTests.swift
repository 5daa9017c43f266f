import Artifacts
import TestSupport
import Testing

@testable import ContainerRegistry

@Suite struct DockerConfigTests {
    private func config(_ text: String) throws -> DockerConfig { try DockerConfig(parsing: Array(text.utf8)) }

    @Test func everyFormOfAnEntryIsRead() throws {
        let config = try config(
            #"""
            {"auths": {
              "a.io": {"auth": "YW5uOnM6M2NyZXQ="},
              "b.io": {"username": "bob", "password": "pw"},
              "c.io": {"auth": "MDAwMDo=", "identitytoken": "refresh"},
              "d.io": {"registrytoken": "direct"},
              "e.io": {"auth": "YW5uOnB3AAA"},
              "f.io": {"auth": "YW5uOnB3", "username": "other", "password": "other"},
              "g.io": {"email": "only@example.org"}
            }, "credsStore": "desktop"}
            """#
        )
        func credentials(_ host: String) throws -> [RegistryCredential] {
            config.keyring.credentials(for: try reference("\(host)/x"))
        }
        func basic(_ user: String, _ password: String) -> [RegistryCredential] {
            [.basic(username: user, password: SecretText(password))]
        }
        #expect(try credentials("a.io") == basic("ann", "s:3cret"))
        #expect(try credentials("b.io") == basic("bob", "pw"))
        #expect(try credentials("c.io") == [.identityToken(SecretText("refresh"))])
        #expect(try credentials("d.io") == [.registryToken(SecretText("direct"))])
        #expect(try credentials("e.io") == basic("ann", "pw"))
        #expect(try credentials("f.io") == basic("ann", "pw"))
        #expect(try credentials("g.io").isEmpty)
        #expect(config.ignored.isEmpty)
    }

    @Test func aMalformedEntryIsLeftOutAndNamed() throws {
        let config = try config(
            #"""
            {"auths": {"a.io": {"auth": "!!!"}, "b.io": {"auth": "bm9jb2xvbg=="}, "c.io": 7, "d.io": {"auth": 7},
              "e.io": {"registrytoken": "two words"}, "us er.io": {"auth": "YTpi"}, "ok.io": {"auth": "YTpi"},
              "x@y.io": {"auth": "YTpi"}, "h:port": {"auth": "YTpi"}, "f.io": {"username": "a:b", "password": "c"}}}
            """#
        )
        #expect(
            config.ignored == ["a.io", "b.io", "c.io", "d.io", "e.io", "f.io", "h:port", "us er.io", "x@y.io"]
        )
        #expect(!config.keyring.credentials(for: try reference("ok.io/x")).isEmpty)
    }

    @Test func whatIsNoConfigIsRefusedWithoutQuotingIt() throws {
        for text in ["", "s3cret", "[]", #"{"auths": ["s3cret"]}"#, #"{"auths": {"a": s3cret}}"#] {
            do {
                _ = try config(text)
                Issue.record("\(text) was read")
            } catch let error as RegistryError {
                #expect(error.code == .credential)
                #expect(!error.message.contains("s3cret"))
            }
        }
        #expect(try config("{}").keyring.isEmpty)
        #expect(try config(#"{"auths": null}"#).keyring.isEmpty)
        #expect(throws: RegistryError.self) {
            _ = try DockerConfig(parsing: [UInt8](repeating: 0x20, count: DockerConfig.maximumBytes + 1))
        }
    }

    /// The table of kubernetes `pkg/credentialprovider/keyring_test.go` (TestURLsMatch), with paths and ports.
    @Test func keysMatchAsTheKubeletMatchesThem() throws {
        let table: [(pattern: String, image: String, matches: Bool)] = [
            ("*.kubernetes.io", "prefix.kubernetes.io/x", true),
            ("prefix.*.io", "prefix.kubernetes.io/x", true),
            ("prefix.kubernetes.*", "prefix.kubernetes.io/x", true),
            ("*-good.kubernetes.io", "prefix-good.kubernetes.io/x", true),
            ("*.io", "kubernetes.io/x", true),
            ("*.*.kubernetes.io", "a.b.kubernetes.io/x", true),
            ("*.kubernetes.io", "kubernetes.io/x", false),
            ("*.io", "a.kubernetes.io/x", false),
            ("*kubernetes.io", "a.kubernetes.io/x", false),
            ("kubernetes.io", "kubernetes.com/x", false),
            ("k.kubernetes.io", "quay.io/x", false),
            ("*.kubernetes.io:88", "a.kubernetes.io:88/x", true),
            ("*.kubernetes.io", "a.kubernetes.io:88/x", false),
            ("*.kubernetes.io:1", "a.kubernetes.io:2/x", false),
            ("a.io/team", "a.io/team/app", true),
            ("a.io/team/app", "a.io/team/app", true),
            ("a.io/team", "a.io/other/app", false),
            ("a.io/team", "a.io/app", false),
            ("https://a.io/v2/", "a.io/app", true),
            ("https://a.io/v1/", "a.io/app", true),
            ("http://a.io", "a.io/app", true),
            ("a.io/v1/team", "a.io/team/app", true),
            ("A.io", "a.io/app", true),
            ("r[0-9].io", "r7.io/app", true),
            ("r[^0-9].io", "r7.io/app", false),
            ("r[0-9.io", "r7.io/app", false),
            ("127.0.0.1:5000", "127.0.0.1:5000/x", true),
            ("docker.io", "nginx", true),
            ("https://index.docker.io/v1/", "nginx", true),
            ("https://index.docker.io/v1/", "docker.io/library/nginx", true),
            ("https://index.docker.io/v1/", "quay.io/nginx", false),
            ("docker.io/library", "nginx", true),
        ]
        for row in table {
            let keyring = RegistryKeyring.basic(row.pattern)
            let found = keyring.credentials(for: try reference(row.image))
            #expect(found.isEmpty != row.matches, "\(row.pattern) for \(row.image)")
        }
    }

    @Test func longerPathsComeFirstAndSecretsKeepTheirOrder() throws {
        func credential(_ name: String) -> RegistryCredential {
            .basic(username: name, password: SecretText("p"))
        }
        var keyring = RegistryKeyring()
        keyring.add(credential("host"), for: "a.io")
        keyring.add(credential("team"), for: "a.io/team")
        keyring.add(credential("app"), for: "a.io/team/app")
        var second = RegistryKeyring()
        second.add(credential("host2"), for: "a.io")
        second.add(credential("host"), for: "a.io")
        keyring.append(second)
        let found = keyring.credentials(for: try reference("a.io/team/app"))
        #expect(found == [credential("app"), credential("team"), credential("host"), credential("host2")])
        #expect(keyring.credentials(for: try reference("a.io/x")) == [credential("host"), credential("host2")])
    }

    @Test func dockerHubsOwnNameWinsOverItsOldOne() throws {
        var keyring = RegistryKeyring.basic("https://index.docker.io/v1/", "old")
        keyring.append(.basic("docker.io", "new"))
        let found = keyring.credentials(for: try reference("nginx"))
        #expect(found == [.basic(username: "new", password: SecretText("s3cret"))])
    }

    @Test func secretsNeverPrint() {
        let all: [RegistryCredential] = [
            .basic(username: "ann", password: SecretText("s3cret")), .identityToken(SecretText("s3cret")),
            .registryToken(SecretText("s3cret")), .entra(EntraTokenSource(identity: "i") { _ in SecretText("s3cret") }),
        ]
        for credential in all {
            var text = "\(credential) " + String(reflecting: credential)
            dump(credential, to: &text)
            #expect(!text.contains("s3cret"))
        }
        let secret = SecretText("s3cret")
        var text = "\(secret) \(String(reflecting: secret)) \([secret]) "
        dump(secret, to: &text)
        #expect(!text.contains("s3cret"))
        #expect(text.contains("<redacted>"))
    }

    @Test func aGlobEqualsTheObviousMatcher() async {
        let letters = Array("ab*?".utf8)
        await checkProperty(
            cases: 3000,
            generate: { random in (0..<Int.random(in: 0...12, using: &random)).map { _ in random.next() } },
            fails: { numbers in
                let half = numbers.count / 2
                let pattern = numbers[..<half].map { letters[Int($0 % 4)] }
                let text = numbers[half...].map { letters[Int($0 % 2)] }
                func obvious(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
                    guard let first = pattern.first else { return text.isEmpty }
                    if first == UInt8(ascii: "*") {
                        return obvious(pattern.dropFirst(), text)
                            || (!text.isEmpty && obvious(pattern, text.dropFirst()))
                    }
                    guard let letter = text.first, first == UInt8(ascii: "?") || first == letter else { return false }
                    return obvious(pattern.dropFirst(), text.dropFirst())
                }
                let words = (String(decoding: pattern, as: UTF8.self), String(decoding: text, as: UTF8.self))
                return Glob.matches(words.0, words.1) == obvious(pattern[...], text[...]) ? nil : "\(words)"
            }
        )
    }

    @Test func aGlobWithManyStarsEndsSoon() {
        let pattern = String(repeating: "*a", count: 2000)
        #expect(!Glob.matches(pattern, String(repeating: "a", count: 1999)))
        #expect(Glob.matches(pattern, String(repeating: "a", count: 2000)))
    }

    @Test func noiseIsNeverReadAsAConfigThatHarms() async {
        let alphabet = Array(#"{}[]":,authspwd*?\ 01é"#.utf8)
        await checkProperty(
            cases: 2000,
            generate: { random in (0..<Int.random(in: 0...80, using: &random)).map { _ in random.next() } },
            fails: { numbers in
                let noise = numbers.map { alphabet[Int($0 % UInt64(alphabet.count))] }
                let text = String(decoding: noise, as: UTF8.self)
                let hostile = RegistryKeyring.basic(text)
                guard let image = try? ImageReference("a.io/x") else { return "no image" }
                _ = hostile.credentials(for: image)
                do throws(RegistryError) { _ = try DockerConfig(parsing: noise) } catch {
                    return error.code == .credential ? nil : "\(error)"
                }
                return nil
            }
        )
    }
}
