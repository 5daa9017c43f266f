import ModelAppController
import Testing

@testable import modelapp

/// `--allow-endpoint HOST[:PORT]`.
struct AllowedEndpointTests {
    @Test func aHostMayBeContactedWhetherItIsNamedWithItsPortOrWithout() {
        let hosts = ["127.0.0.1:5000", "Registry.Local", "[::1]:5000", "fd00::2", "minio:9000"]
        #expect(SourceAccess.names(ofHosts: hosts) == ["127.0.0.1", "registry.local", "::1", "fd00::2", "minio"])
    }
}
