import Foundation
import HTTPTransport
import NIOSSL

/// Certificates made by the openssl command line, which is there wherever this package builds (`libssl-dev`).
struct TestCertificates {
    let authority: [UInt8]
    let certificate: [UInt8]
    let key: [UInt8]

    /// A certificate authority that signs one certificate for `name`.
    /// - Parameter names: the subject alternative names, such as `IP:127.0.0.1,DNS:api.internal`.
    init(names: String) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func openssl(_ arguments: String) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["openssl"] + arguments.split(separator: " ").map(String.init)
            process.currentDirectoryURL = folder
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
        }
        let curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        try openssl("req -x509 \(curve) -keyout ca.key -out ca.crt -days 2 -subj /CN=test-ca")
        try openssl("req \(curve) -keyout leaf.key -out leaf.csr -subj /CN=leaf")
        let text = "subjectAltName=\(names)\nextendedKeyUsage=serverAuth,clientAuth\n"
        try Data(text.utf8).write(to: folder.appendingPathComponent("ext"))
        try openssl(
            "x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out leaf.crt -days 2 -extfile ext"
        )
        func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appendingPathComponent(name))) }
        authority = try read("ca.crt")
        certificate = try read("leaf.crt")
        key = try read("leaf.key")
    }

    var identity: ClientIdentity { ClientIdentity(certificatePEM: certificate, keyPEM: key) }

    /// A server that shows the certificate, and asks for one of this authority if `asksForClient`.
    func serverContext(asksForClient: Bool = false) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
        )
        if asksForClient {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authority))
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
