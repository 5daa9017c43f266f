@testable import AsyncHTTPTransport
import Dispatch
import HTTPTransport
import HTTPTypes
import NIOCore
import NIOPosix
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct AddressPolicyTests {
    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test(arguments: [
        "127.0.0.1", "127.255.0.9", "::1", "0.0.0.0", "0.1.2.3", "::", "169.254.169.254", "fe80::1", "febf::1",
        "224.0.0.1",
        "239.1.1.1", "ff02::1", "255.255.255.255", "168.63.129.16", "100.100.100.200", "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "2002:7f00:1::",
    ])
    func localAddressesAreRefused(text: String) throws {
        let refusal = AddressPolicy.refusingLocal().refusal?("host", [try address("1.2.3.4"), try address(text)])
        #expect(refusal?.hasPrefix("host is the ") == true)
    }

    @Test(arguments: [
        "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "8.8.8.8", "fd00::1", "2606:4700::1", "::ffff:10.0.0.1",
        "126.255.255.255", "128.0.0.1", "169.253.1.1", "fec0::1", "2002:a00:1::",
    ])
    func otherAddressesAreAllowed(text: String) throws {
        #expect(AddressPolicy.refusingLocal().refusal?("host", [try address(text)]) == nil)
    }

    @Test func namedHostsAreExempt() throws {
        let policy = AddressPolicy.refusingLocal(except: ["dev.local"])
        #expect(policy.refusal?("dev.local", [try address("127.0.0.1")]) == nil)
        #expect(policy.refusal?("x.dev.local", [try address("127.0.0.1")]) != nil)
    }

    @Test(arguments: ["1.2.3.4", "::1", "2001:db8::1", "::ffff:1.2.3.4"])
    func addressesAreReadAndWritten(text: String) throws {
        #expect(try address(text).description == text)
    }

    @Test(arguments: ["", "1.2.3", "127.1", "0x7f.1", "2130706433", "1.2.3.4.5", "::g", "[::1]", "fe80::1%eth0", "a"])
    func otherTextIsNoAddress(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func bytesMustBeFourOrSixteen() {
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
        #expect(IPAddress(bytes: [1, 2, 3, 4])?.description == "1.2.3.4")
    }

    /// A transport whose names are resolved by `lookUp`.
    private func transport(
        _ policy: AddressPolicy,
        _ lookUp: @escaping @Sendable (String) throws(HTTPTransportError) -> [IPAddress]
    ) throws -> (ClientPool, AsyncHTTPTransport) {
        let pool = ClientPool(limits: ClientPool.Limits(), resolver: HostResolver(lookUp))
        return (pool, try pool.transport(TransportSettings(), policy: policy))
    }

    @Test(arguments: ["127.0.0.1", "[::1]", "127.1", "2130706433", "localhost"])
    func refusedAddressIsNeverContacted(host: String) async throws {
        try await withServer { _ in
            [.answer()]
        } _: { server, _ in
            let pool = ClientPool()
            let transport = try pool.transport(TransportSettings(), policy: .refusingLocal())
            #expect(await transport.failure("http://\(host):\(server.port)/a")?.code == .refusedAddress)
            #expect(server.openedConnections == 0)
            await pool.shutdown()
        }
    }

    @Test func connectionGoesToTheAddressThatWasChecked() async throws {
        try await withServer { _ in
            [.answer("200 OK", "", "x")]
        } _: { server, _ in
            let loopback = try address("127.0.0.1")
            let checked = Mutex<[IPAddress]>([])
            let policy = AddressPolicy { _, addresses in
                checked.withLock { $0 += addresses }
                return nil
            }
            // The name exists in this resolver only: a second look-up by the client could not find it.
            let (pool, transport) = try transport(policy) { _ in [loopback] }
            _ = try await transport.answer(.get, "http://pinned.invalid:\(server.port)/a")
            #expect(server.requests.first?.header("host") == "pinned.invalid:\(server.port)")
            #expect(checked.withLock { $0 } == [loopback])
            await pool.shutdown()
        }
    }

    @Test func nameThatTurnsLocalIsRefused() async throws {
        try await withServer { _ in
            [.answer("200 OK", "", "x")]
        } _: { server, _ in
            let loopback = try address("127.0.0.1")
            let metadata = try address("169.254.169.254")
            let count = Mutex(0)
            let policy = AddressPolicy { host, addresses in addresses.contains(metadata) ? "\(host) is refused" : nil }
            let (pool, transport) = try transport(policy) { _ in
                count.withLock { count in
                    count += 1
                    return count == 1 ? [loopback] : [loopback, metadata]
                }
            }
            let url = "http://rebind.invalid:\(server.port)/a"
            _ = try await transport.answer(.get, url)
            #expect(await transport.failure(url)?.message == "rebind.invalid is refused")
            #expect(server.requests.count == 1)
            await pool.shutdown()
        }
    }

    @Test func nextAddressIsTriedWhereOneRefuses() async throws {
        try await withServer { _ in
            [.answer("200 OK", "", "x")]
        } _: { server, _ in
            let addresses = [try address("127.0.0.2"), try address("127.0.0.1")]
            let (pool, transport) = try transport(AddressPolicy { _, _ in nil }) { _ in addresses }
            #expect(try await transport.answer(.get, "http://two.invalid:\(server.port)/a").text == "x")
            await pool.shutdown()
        }
    }

    @Test func tlsNameStaysTheHostsNameWhereTheAddressIsPinned() async throws {
        let certificates = try TestCertificates(names: "DNS:pinned.invalid")
        let server = try await LoopbackServer.start(tls: try certificates.serverContext()) { _ in
            [.answer("200 OK", "", "x")]
        }
        let loopback = try address("127.0.0.1")
        let pool = ClientPool(limits: ClientPool.Limits(), resolver: HostResolver { _ in [loopback] })
        let settings = TransportSettings(trust: .roots(pem: certificates.authority))
        let transport = try pool.transport(settings, policy: AddressPolicy { _, _ in nil })
        #expect(try await transport.answer(.get, "https://pinned.invalid:\(server.port)/a").text == "x")
        #expect(await transport.failure("https://other.invalid:\(server.port)/a")?.code == .tls)
        await pool.shutdown()
        await server.stop()
    }

    @Test func silentNameServersEndAtTheDeadline() async throws {
        let gate = DispatchSemaphore(value: 0)
        let resolver = HostResolver { _ in
            gate.wait()
            return []
        }
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let error = await #expect(throws: HTTPTransportError.self) {
            try await resolver.addresses(of: "slow", deadline: .now() + .milliseconds(50), on: loop)
        }
        #expect(error?.code == .timeout)
        gate.signal()
    }

    @Test func nameWithoutAddressIsAnError() async throws {
        let resolver = HostResolver { _ in [] }
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let error = await #expect(throws: HTTPTransportError.self) {
            try await resolver.addresses(of: "none", deadline: .distantFuture, on: loop)
        }
        #expect(error?.code == .connect)
    }

    @Test func machinesResolverKnowsLocalhost() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let found = try await HostResolver.system.addresses(of: "localhost", deadline: .distantFuture, on: loop)
        #expect(found.contains { $0.description == "127.0.0.1" || $0.description == "::1" })
        let error = await #expect(throws: HTTPTransportError.self) {
            try await HostResolver.system.addresses(of: "no-such-host.invalid", deadline: .distantFuture, on: loop)
        }
        #expect(error?.message.hasPrefix("no-such-host.invalid cannot be resolved: ") == true)
    }
}

@Suite struct ReservedServerTests {
    private func refusal(_ url: String, _ addresses: [String], allowed: [String] = []) throws -> String? {
        let server = try #require(HTTPURL("https://api.cluster.test:6443"))
        let policy = AddressPolicy.refusingLocal().reserving(server, as: "the API server", except: allowed)
        let own = ["10.0.0.1", "2001:db8::1"].compactMap { IPAddress($0) }
        let reserved = try #require(policy.reserved.first)
        return reserved.refusal(try #require(HTTPURL(url)), addresses.compactMap { IPAddress($0) }, own: own)
    }

    @Test func itIsKnownByItsNameAndByEachOfItsAddresses() throws {
        let refused = [
            ("https://api.cluster.test:6443", []), ("https://API.cluster.test.", ["192.0.2.1"]),
            ("https://x.test", ["10.0.0.1"]), ("https://x.test:10250", ["192.0.2.1", "2001:db8::1"]),
            ("https://x.test", ["::ffff:10.0.0.1"]), ("https://10.0.0.1:6443", ["10.0.0.1"]),
        ]
        for (url, addresses) in refused {
            #expect(try refusal(url, addresses)?.contains("is the API server") == true, "\(url)")
        }
        #expect(try refusal("https://x.test:6443", ["10.0.0.2"]) == nil)
        #expect(try refusal("https://xapi.cluster.test", ["10.0.0.2"]) == nil)
    }

    @Test func anAllowedHostMayHaveItsOtherPortsAndTheServerItselfOnlyByItsPort() throws {
        let registry = "http://10.0.0.1:5000"
        let server = "https://10.0.0.1:6443"
        #expect(try refusal(registry, ["10.0.0.1"], allowed: ["10.0.0.1"]) == nil)
        #expect(try refusal(registry, ["10.0.0.1"], allowed: ["10.0.0.1:5000"]) == nil)
        #expect(try refusal(server, ["10.0.0.1"], allowed: ["10.0.0.1"]) != nil)
        #expect(try refusal(server, ["10.0.0.1"], allowed: ["10.0.0.1:5000"]) != nil)
        #expect(try refusal(server, ["10.0.0.1"], allowed: ["10.0.0.1:6443"]) == nil)
        #expect(try refusal("https://[2001:db8::1]", ["2001:db8::1"], allowed: ["[2001:db8::1]:443"]) == nil)
        #expect(try refusal("https://[2001:db8::1]", ["2001:db8::1"], allowed: ["2001:db8::1"]) == nil)
    }
}

@Suite struct DeniedHostsTests {
    private func isDenied(_ entry: String, _ host: String, _ addresses: [String] = []) throws -> Bool {
        let entry = try #require(DeniedHosts(entry))
        let policy = AddressPolicy.refusingLocal(except: ["allowed.test"], denied: [entry])
        return policy.refusal?(host, addresses.compactMap { IPAddress($0) }) != nil
    }

    @Test func namesDomainsAddressesAndRangesAreDeniedAndWinOverWhatIsAllowed() throws {
        #expect(try isDenied("a.test", "a.test"))
        #expect(try isDenied("A.Test.", "a.test."))
        #expect(try !isDenied("a.test", "b.a.test"))
        #expect(try isDenied("*.a.test", "c.b.a.test"))
        #expect(try !isDenied("*.a.test", "a.test"))
        #expect(try !isDenied("*.a.test", "xa.test"))
        #expect(try isDenied("10.0.0.0/8", "x.test", ["192.0.2.1", "10.9.9.9"]))
        #expect(try isDenied("10.0.0.0/8", "x.test", ["::ffff:10.9.9.9"]))
        #expect(try !isDenied("10.0.0.0/8", "x.test", ["11.0.0.1"]))
        #expect(try isDenied("2001:db8::/32", "x.test", ["2001:db8::7"]))
        #expect(try isDenied("allowed.test", "allowed.test"))
        #expect(try isDenied("10.0.0.1", "allowed.test", ["10.0.0.1"]))
    }

    @Test(arguments: ["", "*", "*.", "a.test:443", "https://a.test", "a b", "10.0.0.0/33", "a/8", "-/", "a..b"])
    func whatIsNoneOfThemIsNoEntry(_ text: String) {
        #expect(DeniedHosts(text) == nil)
    }
}
