import AsyncHTTPTransport
import HTTPTransport
import HTTPTypes
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ProxyTests {
    @Test func requestsGoThroughATunnel() async throws {
        try await withServer { request in
            request.line.hasPrefix("CONNECT ") ? [.send("HTTP/1.1 200 OK\r\n\r\n")] : [.answer("200 OK", "", "through")]
        } _: { server, _ in
            let pool = ClientPool()
            let proxy = try ProxySettings.Server(parsing: "http://user:p%40ss@127.0.0.1:\(server.port)")
            let settings = TransportSettings(proxy: ProxySettings(https: proxy, http: proxy))
            let answer = try await pool.transport(settings).answer(.get, "http://target.example:8080/a")
            #expect(answer.text == "through")
            let (tunnel, request) = (server.requests[0], server.requests[1])
            #expect(tunnel.line == "CONNECT target.example:8080 HTTP/1.1")
            #expect(tunnel.header("proxy-authorization") == "Basic dXNlcjpwQHNz")
            #expect(request.line == "GET /a HTTP/1.1")
            #expect(request.header("host") == "target.example:8080")
            #expect(request.header("proxy-authorization") == nil)
            await pool.shutdown()
        }
    }

    @Test(arguments: ["407 Proxy Authentication Required", "403 Forbidden"])
    func refusalOfTheProxyIsNamed(status: String) async throws {
        try await withServer { _ in
            [.answer(status)]
        } _: { server, _ in
            let pool = ClientPool()
            let proxy = try #require(HTTPURL("http://127.0.0.1:\(server.port)"))
            let transport = try pool.transport(TransportSettings(proxy: ProxySettings(proxy)))
            let error = await transport.failure("https://target.example/a")
            #expect(error?.code == .connect)
            #expect(error?.message.contains("the proxy") == true)
            await pool.shutdown()
        }
    }

    @Test func addressesAreCheckedAlsoBehindAProxy() async throws {
        let pool = ClientPool()
        let proxy = try #require(HTTPURL("http://127.0.0.1:9"))
        let transport = try pool.transport(TransportSettings(proxy: ProxySettings(proxy)), policy: .refusingLocal())
        #expect(await transport.failure("http://169.254.169.254/latest")?.code == .refusedAddress)
        await pool.shutdown()
    }

    @Test func environmentNamesProxies() throws {
        let settings = try #require(
            try ProxySettings(environment: [
                "HTTPS_PROXY": "http://secure:3128", "http_proxy": "plain:3129", "HTTP_PROXY": "http://ignored",
                "NO_PROXY": "internal.example, .svc,*.cluster.local,10.0.0.0/8,192.168.1.1,fd00::/8,only.example:8443",
            ])
        )
        func proxy(_ url: String) throws -> String? { settings.server(for: try #require(HTTPURL(url)))?.url.host }
        #expect(try proxy("https://example.com/") == "secure")
        #expect(try proxy("http://example.com/") == "plain")
        for direct in [
            "https://internal.example/", "https://a.internal.example/", "https://x.svc/",
            "https://kubernetes.cluster.local/",
            "https://10.1.2.3/", "https://192.168.1.1/", "https://[fd00::5]/", "https://only.example:8443/",
            "http://localhost:1/", "http://127.9.9.9/", "https://[::1]:6443/",
        ] { #expect(try proxy(direct) == nil, "\(direct)") }
        for proxied in [
            "https://notinternal.example/", "https://svc/", "https://11.0.0.1/", "https://192.168.1.2/",
            "https://only.example/", "https://[fe00::5]/",
        ] { #expect(try proxy(proxied) == "secure", "\(proxied)") }
    }

    @Test func starMeansNoProxyAtAll() throws {
        let settings = try ProxySettings(environment: ["HTTPS_PROXY": "p", "NO_PROXY": "*"])
        #expect(settings?.server(for: try #require(HTTPURL("https://x/"))) == nil)
    }

    @Test func emptyEnvironmentNamesNoProxy() throws {
        #expect(try ProxySettings(environment: ["HTTPS_PROXY": "", "NO_PROXY": "x"]) == nil)
    }

    @Test(arguments: ["https://p:1", "socks5://p", "http://", "http://a b"])
    func proxyThatCannotBeUsedIsRefused(text: String) {
        let error = #expect(throws: HTTPTransportError.self) { try ProxySettings(environment: ["HTTPS_PROXY": text]) }
        #expect(error?.message.hasPrefix("HTTPS_PROXY: ") == true)
    }

    @Test func passwordIsNotPrinted() throws {
        let settings = try ProxySettings(environment: ["HTTPS_PROXY": "http://user:s3cret@p:1"])
        #expect("\(try #require(settings))" == "http://p:1")
    }
}
