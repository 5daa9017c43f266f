import Testing

@testable import OperatorServer

@Suite struct HealthChecksTests {
    private let well = HealthChecks(path: "/livez", checks: [.ping, HealthCheck("leader-election") { nil }])
    private let ill = HealthChecks(
        path: "/readyz",
        checks: [.ping, HealthCheck("informer-modelapps") { "modelapps: not read yet" }]
    )

    @Test func whatIsWellSaysOkAndNamesItsChecksWhereAsked() {
        #expect(well.answer("/livez", query: "") == Page("ok\n"))
        let expected = "[+]ping ok\n[+]leader-election ok\nlivez check passed\n"
        #expect(well.answer("/livez", query: "verbose") == Page(expected))
        #expect(well.answer("/livez", query: "verbose=1") == Page(expected))
    }

    @Test func whatIsIllNamesEveryCheckAndTheCause() {
        let expected = "[+]ping ok\n[-]informer-modelapps failed: modelapps: not read yet\nreadyz check failed\n"
        #expect(ill.answer("/readyz", query: "") == Page(status: 503, expected))
    }

    @Test func aCheckCanBeExcluded() {
        #expect(ill.answer("/readyz", query: "exclude=informer-modelapps") == Page("ok\n"))
        let verbose = ill.answer("/readyz", query: "verbose&exclude=informer-modelapps")
        #expect(verbose == Page("[+]ping ok\n[+]informer-modelapps excluded: ok\nreadyz check passed\n"))
        #expect(ill.answer("/readyz", query: "exclude=ping")?.status == 503)
    }

    @Test func eachCheckHasAPathOfItsOwn() {
        #expect(ill.answer("/readyz/ping", query: "") == Page("ok\n"))
        #expect(ill.answer("/readyz/informer-modelapps", query: "") == Page(status: 503, "modelapps: not read yet\n"))
        #expect(ill.answer("/readyz/other", query: "") == nil)
        #expect(ill.answer("/readyzz", query: "") == nil)
        #expect(ill.answer("/livez", query: "") == nil)
    }
}

@Suite struct ListenAddressTests {
    @Test(arguments: [
        (":8081", ListenAddress(port: 8081)), ("127.0.0.1:80", ListenAddress(host: "127.0.0.1", port: 80)),
        ("[::1]:0", ListenAddress(host: "::1", port: 0)),
        ("localhost:65535", ListenAddress(host: "localhost", port: 65535)),
    ])
    func addressesAreParsedAndPrinted(text: String, address: ListenAddress) {
        #expect(ListenAddress(text) == address)
        #expect(address.description == text)
    }

    @Test(arguments: ["", "8081", ":", ":x", ":65536", ":-1", "::1:80", "a:b:1", "host:"])
    func everythingElseIsRefused(text: String) { #expect(ListenAddress(text) == nil) }
}
