import Foundation
import Trust

/// Keys and certificates that the `openssl` command made for this run.
struct KeyFiles: Sendable {
    let folder: URL

    static let shared: KeyFiles = {
        do { return try KeyFiles() } catch { preconditionFailure("openssl made no keys: \(error)") }
    }()

    private static let script = """
        set -eu
        q() { openssl "$@" 2>>log >>log; }
        q req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 30 -subj /CN=root
        ca() { printf 'basicConstraints=critical,CA:true\\nsubjectKeyIdentifier=hash\\n' >ca.ext; }
        ca
        q req -newkey rsa:2048 -nodes -keyout middle.key -out middle.csr -subj /CN=middle
        q x509 -req -in middle.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile ca.ext -out middle.pem
        q req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf
        q x509 -req -in leaf.csr -CA middle.pem -CAkey middle.key -CAcreateserial -days 10 -out leaf.pem
        q req -newkey rsa:2048 -nodes -keyout other.key -out other.csr -subj /CN=other
        q x509 -req -in other.csr -CA middle.pem -CAkey middle.key -CAcreateserial -days 10 -out other.pem
        q ecparam -name prime256v1 -genkey -out ec.key
        q req -x509 -new -key ec.key -out ec.pem -days 10 -subj /CN=ec
        q ecparam -name secp384r1 -genkey -noout -out p384.key
        q ecparam -name secp521r1 -genkey -noout -out p521.key
        q genpkey -algorithm ed25519 -out ed.key
        q genrsa -out short.key 1024
        q pkcs8 -topk8 -in leaf.key -out leaf.enc.key -passout pass:sesame
        q pkcs8 -topk8 -in leaf.key -out leaf.costly.key -passout pass:sesame -iter 4000001
        q pkcs8 -topk8 -in leaf.key -out leaf.scrypt.key -passout pass:sesame -scrypt
        q rsa -in leaf.key -traditional -aes256 -out leaf.old.key -passout pass:sesame
        cat root.pem middle.pem >above.pem
        export12() { q pkcs12 -export -inkey leaf.key -in leaf.pem -certfile above.pem "$@"; }
        export12 -out modern.p12 -passout pass:sésame
        export12 -out legacy.p12 -passout pass:sesame -legacy
        export12 -out empty.p12 -passout pass:
        export12 -out bare.p12 -passout pass: -keypbe NONE -certpbe NONE -nomac
        export12 -out mac.p12 -passout pass:sesame -macalg sha512 -keypbe NONE -certpbe NONE
        q pkcs12 -export -nokeys -in leaf.pem -out nokey.p12 -passout pass:sesame
        """

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("trust-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.run("/bin/bash", ["-c", Self.script], in: folder)
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    static func run(_ program: String, _ arguments: [String], in folder: URL) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(program) \(arguments.first ?? "") ended with \(process.terminationStatus)")
        }
    }

    /// Whether the `openssl` command ends with success.
    func openssl(_ arguments: String...) -> Bool {
        (try? Self.run("/usr/bin/env", ["openssl"] + arguments, in: folder)) != nil
    }

    func bytes(_ names: String...) throws -> [UInt8] {
        try names.flatMap { Array(try Data(contentsOf: folder.appendingPathComponent($0))) }
    }

    func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: folder.appendingPathComponent(name))
    }

    func identity(_ names: String..., password: String? = nil) throws -> SigningIdentity {
        let file = try names.flatMap { try bytes($0) }
        return try SigningIdentity(SecretBytes(file), password: password.map { SecretBytes($0) })
    }
}
