import Foundation
import Testing

@testable import Trust

@Suite(.timeLimit(.minutes(1))) struct SigningIdentityTests {
    private let files = KeyFiles.shared

    private func code(_ body: () throws -> SigningIdentity) -> TrustError.Code? {
        do {
            _ = try body()
            return nil
        } catch { return (error as? TrustError)?.code }
    }

    private func subjects(_ identity: SigningIdentity) -> [String] { identity.chain.map(\.subject) }

    @Test(arguments: [
        ["leaf.key", "leaf.pem", "middle.pem", "root.pem"], ["root.pem", "middle.pem", "leaf.pem", "leaf.key"],
        ["middle.pem", "leaf.key", "leaf.pem", "root.pem", "leaf.pem", "ec.pem"],
    ])
    func pemInAnyOrderGivesTheChainFromTheLeafUp(names: [String]) throws {
        let identity = try SigningIdentity(SecretBytes(try names.flatMap { try files.bytes($0) }))
        #expect(subjects(identity) == ["/CN=leaf", "/CN=middle", "/CN=root"])
        #expect(identity.certificate == identity.chain.first)
        #expect(identity.key.kind == .rsa(bits: 2048))
    }

    @Test func whatIsMissingInTheChainEndsIt() throws {
        #expect(try subjects(files.identity("leaf.key", "leaf.pem", "root.pem")) == ["/CN=leaf"])
    }

    @Test(arguments: ["leaf.enc.key", "leaf.old.key"])
    func anEncryptedKeyWantsItsPassword(name: String) throws {
        #expect(try subjects(files.identity(name, "leaf.pem", password: "sesame")) == ["/CN=leaf"])
        #expect(code { try files.identity(name, "leaf.pem") } == .passwordMissing)
        #expect(code { try files.identity(name, "leaf.pem", password: "") } == .passwordMissing)
        #expect(code { try files.identity(name, "leaf.pem", password: "Sesame") } == .wrongPassword)
    }

    @Test(arguments: [
        ("modern.p12", "sésame" as String?), ("legacy.p12", "sesame"), ("empty.p12", nil), ("empty.p12", ""),
        ("bare.p12", nil), ("mac.p12", "sesame"),
    ])
    func pkcs12IsOpenedByItsPassword(name: String, password: String?) throws {
        let identity = try files.identity(name, password: password)
        #expect(subjects(identity) == ["/CN=leaf", "/CN=middle", "/CN=root"])
        #expect(try identity.certificate == files.identity("leaf.key", "leaf.pem").certificate)
    }

    @Test(arguments: ["modern.p12", "legacy.p12", "mac.p12"])
    func aWrongPasswordOfPKCS12IsSaid(name: String) {
        #expect(code { try files.identity(name, password: "wrong") } == .wrongPassword)
        #expect(code { try files.identity(name) } == .passwordMissing)
    }

    @Test func withoutTheLegacyProviderTheCipherIsNamedAndTheWayOut() throws {
        let budget = DecryptionBudget(loadsLegacy: { false })
        let old = SecretBytes(try files.bytes("legacy.p12"))
        do throws(TrustError) {
            _ = try SigningIdentity(old, password: SecretBytes("sesame"), budget: budget)
            Issue.record("it opened")
        } catch {
            #expect(error.code == .unsupported)
            #expect(error.message.contains("RC2"), "\(error.message)")
            #expect(error.message.contains("legacy provider") && error.message.contains("openssl pkcs12 -export"))
        }
        // AES needs no legacy provider.
        let new = SecretBytes(try files.bytes("modern.p12"))
        _ = try SigningIdentity(new, password: SecretBytes("sésame"), budget: budget)
    }

    @Test func aKeyThatCostsTooMuchIsRefusedBeforeItsPasswordIsTried() {
        // Had the password been tried, it would be the wrong one.
        #expect(code { try files.identity("leaf.costly.key", "leaf.pem", password: "wrong") } == .tooCostly)
        #expect(code { try files.identity("leaf.scrypt.key", "leaf.pem", password: "wrong") } == .unsupported)
    }

    @Test func ofSeveralKeysTheOneWithACertificateCounts() throws {
        let identity = try files.identity("other.key", "leaf.key", "leaf.pem", "middle.pem")
        #expect(subjects(identity) == ["/CN=leaf", "/CN=middle"])
        do {
            _ = try files.identity("other.key", "leaf.key", "leaf.pem", "other.pem")
            Issue.record("it chose one")
        } catch let error as TrustError {
            #expect(error.code == .severalKeys)
            #expect(error.message.contains("/CN=leaf") && error.message.contains("/CN=other"))
        }
        // The same key twice is one key.
        #expect(try subjects(files.identity("leaf.key", "leaf.key", "leaf.pem")) == ["/CN=leaf"])
    }

    @Test func whatIsMissingIsNamed() {
        #expect(code { try files.identity("leaf.pem", "middle.pem") } == .noKey)
        #expect(code { try files.identity("nokey.p12", password: "sesame") } == .noKey)
        #expect(code { try files.identity("leaf.key") } == .noCertificate)
        #expect(code { try files.identity("leaf.key", "other.pem") } == .keyMismatch)
        #expect(code { try SigningIdentity(SecretBytes("")) } == .malformed)
        #expect(code { try SigningIdentity(SecretBytes("-----BEGIN PRIVATE KEY-----\nMII")) } == .malformed)
        #expect(code { try SigningIdentity(SecretBytes([UInt8](repeating: 0, count: 1_048_577))) } == .tooCostly)
    }

    @Test(arguments: ["p384.key", "ed.key", "short.key"])
    func keysOfOtherKindsAreRefused(name: String) {
        #expect(code { try files.identity(name, "leaf.pem") } == .unsupported)
    }

    @Test func aMutatedFileNeitherCrashesNorHangs() throws {
        // The files differ from run to run, so a seed would not bring a failure back; the bytes are in its message.
        var random = SystemRandomNumberGenerator()
        for name in ["modern.p12", "legacy.p12", "bare.p12", "leaf.enc.key", "leaf.old.key", "leaf.pem"] {
            let original = try files.bytes(name)
            for _ in 0..<60 {
                var bytes = original
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
                do {
                    let identity = try SigningIdentity(SecretBytes(bytes), password: SecretBytes("sesame"))
                    #expect(!identity.chain.isEmpty, "\(Data(bytes).base64EncodedString())")
                } catch { #expect(!error.message.isEmpty) }
            }
        }
    }

    @Test func nothingPrintsAKeyOrAPassword() throws {
        let identity = try files.identity("leaf.key", "leaf.pem")
        var text = "\(identity) \(identity.key) \(SecretBytes("sesame"))"
        dump(identity.key, to: &text)
        dump(SecretBytes("sesame"), to: &text)
        #expect(!text.contains("sesame"))
        #expect(text.contains("<redacted>"))
    }
}
