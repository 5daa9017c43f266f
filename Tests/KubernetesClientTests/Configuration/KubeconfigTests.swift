import HTTPTransport
import JSON
import KubernetesClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct KubeconfigTests {
    @Test func contextGivesServerTokenAndNamespace() async throws {
        let configuration = try await Fixture.load(Fixture.kubeconfig())
        #expect(configuration.server.description == "https://k8s.example:6443/")
        #expect(try await configuration.credential.authorization() == "Bearer t0ken")
        #expect(configuration.defaultNamespace == "team")
        #expect(configuration.trust == .system)
        #expect(configuration.clientIdentity == nil)
    }

    @Test func certificatesComeFromDataOrFromFilesBesidesTheKubeconfig() async throws {
        let data = try await Fixture.load(
            Fixture.kubeconfig(
                cluster:
                    "server: https://h\ncertificate-authority-data: \(Fixture.certificateData)\ncertificate-authority: /nowhere",
                user: "client-certificate-data: \(Fixture.certificateData)\nclient-key-data: \(Fixture.keyData)"
            )
        )
        let files = try await Fixture.load(
            Fixture.kubeconfig(
                cluster: "server: https://h\ncertificate-authority: pki/ca.crt",
                user: "client-certificate: /abs/client.crt\nclient-key: client.key"
            ),
            files: [
                "/etc/k/pki/ca.crt": Fixture.certificate, "/abs/client.crt": Fixture.certificate,
                "/etc/k/client.key": Fixture.key,
            ]
        )
        for configuration in [data, files] {
            #expect(configuration.trust == .roots(pem: Array(Fixture.certificate.utf8)))
            #expect(configuration.clientIdentity?.certificatePEM == Array(Fixture.certificate.utf8))
            #expect(configuration.clientIdentity?.keyPEM == Array(Fixture.key.utf8))
            #expect(try await configuration.credential.authorization() == nil)
        }
    }

    @Test func serverSettingsAreRead() async throws {
        let configuration = try await Fixture.load(
            Fixture.kubeconfig(
                cluster: """
                    server: https://[fd00::1]:6443/k8s/clusters/c-1/
                    insecure-skip-tls-verify: true
                    tls-server-name: api.internal
                    proxy-url: http://proxy:3128
                    """,
                user: "username: admin\npassword: pass:word"
            )
        )
        #expect(configuration.server.host == "fd00::1")
        #expect(configuration.server.path == "/k8s/clusters/c-1")
        #expect(configuration.trust == .insecure)
        #expect(configuration.tlsServerName == "api.internal")
        #expect(configuration.proxy == HTTPURL("http://proxy:3128"))
        #expect(try await configuration.credential.authorization() == "Basic YWRtaW46cGFzczp3b3Jk")
    }

    @Test func schemeIsGuessedAsClientGoDoes() async throws {
        let plain = try await Fixture.load(Fixture.kubeconfig(cluster: "server: localhost:8080"))
        #expect(plain.server.description == "http://localhost:8080/")
        let tls = try await Fixture.load(
            Fixture.kubeconfig(cluster: "server: h:6443\ncertificate-authority-data: \(Fixture.certificateData)")
        )
        #expect(tls.server.scheme == "https")
    }

    @Test func namedContextIsUsed() async throws {
        let text = Fixture.kubeconfig() + "\n- name: other\n  user: {token: second}\n"
        let extended = text.replacing(
            "contexts:\n",
            with: "contexts:\n- name: two\n  context: {cluster: c, user: other}\n"
        )
        let configuration = try await Fixture.load(extended, context: "two")
        #expect(try await configuration.credential.authorization() == "Bearer second")
        #expect(configuration.defaultNamespace == "default")
    }

    @Test func tokenFileGoesBeforeTokenAndIsReadAgain() async throws {
        let clock = TestClock()
        let disk = Disk([
            "/etc/k/config": Fixture.kubeconfig(user: "token: old\ntokenFile: token"), "/etc/k/token": "one\n",
        ])
        let sources = ConfigurationSources(environment: [:], files: disk.reader, time: clock.timeSource())
        let configuration = try await ClusterConfiguration.load(kubeconfig: "/etc/k/config", from: sources)
        #expect(try await configuration.credential.authorization() == "Bearer one")
        disk["/etc/k/token"] = "two"
        clock.advance(by: .seconds(49))
        #expect(try await configuration.credential.authorization() == "Bearer one")
        clock.advance(by: .seconds(1))
        #expect(try await configuration.credential.authorization() == "Bearer two")
        disk["/etc/k/token"] = nil
        clock.advance(by: .seconds(50))
        #expect(try await configuration.credential.authorization() == "Bearer two")
        disk["/etc/k/token"] = "three"
        #expect(try await configuration.credential.authorization() == "Bearer three")
        disk["/etc/k/token"] = "four"
        await configuration.credential.invalidate()
        #expect(try await configuration.credential.authorization() == "Bearer four")
    }

    @Test(arguments: [
        ("current-context: one", "current-context: none", "current-context: there is no \"none\"; it has one"),
        ("current-context: one", "", "current-context is not set"),
        ("cluster: c,", "cluster: x,", "contexts[one].context.cluster: there is no cluster \"x\""),
        ("user: u,", "user: x,", "contexts[one].context.user: there is no user \"x\""),
        ("kind: Config", "kind: Pod", "kind: is Pod"),
        ("server: https://k8s.example:6443", "server: ''", "clusters[c].cluster.server: is not set"),
        (
            "server: https://k8s.example:6443", "server: ftp://x",
            "clusters[c].cluster.server: is not an http or https URL"
        ),
        ("server: https://k8s.example:6443", "server: https://u:p@x", "is not an http or https URL without user"),
        (
            "server: https://k8s.example:6443", "server: 5",
            "clusters[c].cluster.server: must be a string; put it in quotes"
        ),
        ("server:", "proxy-url: socks5://x\n    server:", "clusters[c].cluster.proxy-url: only http://host:port"),
        (
            "server:", "certificate-authority: no.crt\n    server:",
            "certificate-authority: there is no file /etc/k/no.crt"
        ),
        ("server:", "certificate-authority-data: '%'\n    server:", "certificate-authority-data: is not Base64"),
        ("server:", "certificate-authority-data: aGk=\n    server:", "is not Base64 of a PEM text"),
        ("server:", "insecure-skip-tls-verify: 'yes'\n    server:", "insecure-skip-tls-verify: must be true or false"),
        ("token: t0ken", "token: 5", "users[u].user.token: must be a string"),
        ("token: t0ken", "token: \"a\\nb\"", "users[u].user.token: holds a space or a control character"),
        ("token: t0ken", "token: a\n    username: b", "a token and a username are given"),
        ("token: t0ken", "client-certificate-data: \(Fixture.certificateData)", "users[u].user.client-key: is missing"),
        ("token: t0ken", "client-key-data: \(Fixture.keyData)", "users[u].user.client-certificate: is missing"),
        ("token: t0ken", "tokenFile: none", "the token: there is no file /etc/k/none"),
        ("token: t0ken", "as: admin", "users[u].user.as: impersonation is not supported"),
        ("token: t0ken", "auth-provider: {name: gcp}", "users[u].user.auth-provider: the provider gcp was removed"),
        ("- name: u", "- name: u\n  user: {}\n- name: u", "the name u is given twice"),
        ("- name: u", "- nam: u", "users[0]: has no name"),
        ("users:", "users: {}\nusers2:", "users: must be a list"),
        ("kind: Config", "kind: [Config", "config: line "),
    ])
    func mistakesNameFileAndField(from: String, to: String, message: String) async {
        let refusal = await Fixture.refusal(Fixture.kubeconfig().replacing(from, with: to))
        #expect(refusal.contains(message))
        #expect(refusal.contains("/etc/k/"))
    }

    @Test func insecureWithAuthorityIsRefused() async {
        let cluster =
            "server: https://h\ninsecure-skip-tls-verify: true\ncertificate-authority-data: \(Fixture.certificateData)"
        #expect(await Fixture.refusal(Fixture.kubeconfig(cluster: cluster)).contains("remove one of them"))
    }

    @Test func messagesAndDescriptionsHoldNoSecret() async throws {
        let secret = "s3cret"
        let text = Fixture.kubeconfig(user: "username: \(secret)\npassword: \(secret)")
        let kubeconfig = try Kubeconfig(parsing: Array(text.utf8), file: "f")
        #expect(!"\(kubeconfig)".contains(secret))
        #expect(kubeconfig.users.values.allSatisfy { !"\($0)".contains(secret) })
        let configuration = try await Fixture.load(text)
        #expect(!"\(configuration.credential)".contains(secret))
    }

    @Test func firstFileThatHasANameCountsWhole() async throws {
        let first = """
            current-context: one
            clusters: [{name: c, cluster: {server: https://first}}]
            contexts: [{name: one, context: {cluster: c, user: u}}]
            """
        let second = """
            current-context: two
            clusters: [{name: c, cluster: {server: https://second, tls-server-name: x}}]
            users: [{name: u, user: {tokenFile: token}}]
            contexts: [{name: two, context: {cluster: c, user: u, namespace: team}}]
            """
        let files = ["/a/1": first, "/b/2": second, "/b/token": "t"]
        let merged = try Kubeconfig(files: ["/missing", "/a/1", "/b/2"], FileReader(files))
        #expect(merged.files == ["/a/1", "/b/2"])
        #expect(merged.currentContext == "one")
        let sources = Fixture.sources(files, environment: ["KUBECONFIG": "/missing::/a/1:/b/2"])
        let configuration = try await ClusterConfiguration.load(from: sources)
        #expect(configuration.server.host == "first")
        #expect(configuration.tlsServerName == nil)
        #expect(try await configuration.credential.authorization() == "Bearer t")
    }

    @Test func emptyFileHasNoContext() async {
        #expect(await Fixture.refusal("").contains("current-context is not set"))
        #expect(await Fixture.refusal("[]").contains("current-context is not set"))
    }
}
