import TestSupport
import Testing

@testable import ContainerRegistry

@Suite struct HostScopeTests {
    @Test func addressesAreToldApart() {
        let table: [(HostScope, [String])] = [
            (.name, ["auth.docker.io", "registry", "a-1.b", "metadata.google.internal"]),
            (.publicAddress, ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]),
            (
                .loopback,
                ["127.0.0.1", "127.9.9.9", "localhost", "localhost.", "a.localhost", "::1", "::ffff:127.0.0.1"]
            ),
            (.privateNetwork, ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd12::1"]),
            (.privateNetwork, ["::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"]),
            (.reserved, ["169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "168.63.129.16"]),
            (.reserved, ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "1.2.3.4.5", "256.1.1.1", "a.1"]),
            (
                .reserved,
                ["::", "fe80::1", "ff02::1", "fd00:ec2::254", "::ffff:169.254.169.254", "1:2", ":::", "1::2::3"]
            ),
            (.reserved, ["1:2:3:4:5:6:7:8:9", "12345::", "g::", "::1.2.3", "+1::"]),
        ]
        for (expected, hosts) in table {
            for host in hosts { #expect(HostScope(host: host) == expected, "\(host)") }
        }
    }

    @Test func everyIPv4AddressKeepsItsScopeInsideIPv6() async {
        await checkProperty(
            cases: 2000,
            generate: { random in (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) } },
            fails: { octets in
                guard octets.count == 4 else { return nil }
                let dotted = octets.map(String.init).joined(separator: ".")
                let scope = HostScope(host: dotted)
                return scope == HostScope(host: "::ffff:" + dotted) && scope == HostScope(host: "64:ff9b::" + dotted)
                    ? nil : "\(dotted) changes its scope"
            }
        )
    }
}
