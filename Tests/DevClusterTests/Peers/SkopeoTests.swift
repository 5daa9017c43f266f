import Artifacts
import DevCluster
import Foundation
import HTTPTransport
import JSON
import TestSupport
import Testing

/// skopeo, unchanged, against the registry on the loopback interface.
@Suite(.timeLimit(.minutes(2)), .enabled(if: Tool.runs("skopeo"), "skopeo is not installed"))
struct SkopeoTests {
    private func skopeo(_ arguments: [String]) async throws -> String {
        let tool = try #require(Tool.find("skopeo"), "skopeo is not installed")
        return try await tool.succeed(["--insecure-policy"] + arguments)
    }

    /// Writes an image as an OCI layout, the form that skopeo copies from.
    private func layout(in folder: TemporaryFolder, tag: String) throws -> String {
        func blob(_ bytes: [UInt8], _ type: String) throws -> JSONValue {
            let digest = EmulatedRegistryTests.digest(bytes)
            try folder.write(String(decoding: bytes, as: UTF8.self), to: "layout/blobs/sha256/\(digest.dropFirst(7))")
            return ["mediaType": .string(type), "digest": .string(digest), "size": .integer(Int64(bytes.count))]
        }
        let tar = [UInt8](repeating: 0, count: 10240)
        let layer = try blob(tar, "application/vnd.oci.image.layer.v1.tar")
        let diff: JSONValue = layer["digest"] ?? .null
        let config: JSONValue = [
            "architecture": "amd64", "os": "linux", "config": ["Labels": ["made-by": "test"]],
            "rootfs": ["type": "layers", "diff_ids": [diff]],
        ]
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": try blob(config.canonicalBytes, "application/vnd.oci.image.config.v1+json"), "layers": [layer],
        ]
        var descriptor = try blob(manifest.canonicalBytes, "application/vnd.oci.image.manifest.v1+json")
        descriptor["annotations"] = ["org.opencontainers.image.ref.name": .string(tag)]
        let index: JSONValue = ["schemaVersion": 2, "manifests": [descriptor]]
        try folder.write(index.canonicalText, to: "layout/index.json")
        try folder.write(#"{"imageLayoutVersion":"1.0.0"}"#, to: "layout/oci-layout")
        return "oci:\(folder.path)/layout:\(tag)"
    }

    @Test(arguments: [false, true]) func copyInspectAndListWork(_ onDisk: Bool) async throws {
        let folder = try TemporaryFolder()
        let source = try layout(in: folder, tag: "v1")
        let registry = try EmulatedRegistry(
            .init(pageSize: 2),
            folder: onDisk ? folder.path + "/registry" : nil,
            time: .system
        )
        try await withServer(registry) { url in
            let image = "docker://\(url.authority)/team/app"
            for tag in ["v1", "v2", "v3", "v4", "v5"] {
                _ = try await skopeo(["copy", "--dest-tls-verify=false", source, "\(image):\(tag)"])
            }
            let tags = try JSONValue(parsing: try await skopeo(["list-tags", "--tls-verify=false", image]))
            #expect(tags["Tags"] == ["v1", "v2", "v3", "v4", "v5"])
            let inspected = try JSONValue(parsing: try await skopeo(["inspect", "--tls-verify=false", "\(image):v3"]))
            #expect(inspected["Labels"]?["made-by"] == "test")
            let digest = try #require(inspected["Digest"]?.string)
            let raw = try await skopeo(["inspect", "--raw", "--tls-verify=false", "\(image)@\(digest)"])
            #expect(EmulatedRegistryTests.digest(Array(raw.utf8)) == digest)
            let back = folder.path + "/back"
            _ = try await skopeo(["copy", "--src-tls-verify=false", "\(image):v1", "oci:\(back):v1"])
            let mounted = "docker://\(url.authority)/other/app:v1"
            _ = try await skopeo(
                ["copy", "--src-tls-verify=false", "--dest-tls-verify=false", "\(image):v1", mounted]
            )
            _ = try await skopeo(["delete", "--tls-verify=false", "\(image):v5"])
        }
    }

    @Test func tokensAreFetchedWithThePassword() async throws {
        let folder = try TemporaryFolder()
        let source = try layout(in: folder, tag: "v1")
        let registry = try EmulatedRegistry(.init(access: .token(["dev": "secret"])), time: .system)
        let certificate = try DevelopmentCertificate(now: TimeSource.system.date())
        try folder.write(certificate.authorityPEM, to: "certs/ca.crt")
        try await withServer(registry, certificate: certificate) { url in
            let image = "docker://\(url.authority)/app:v1"
            let trust = "--dest-cert-dir=\(folder.path)/certs"
            let tool = try #require(Tool.find("skopeo"), "skopeo is not installed")
            let wrong = try await tool.run([
                "--insecure-policy", "copy", trust, "--dest-creds=dev:wrong", source, image,
            ])
            #expect(wrong.status != 0 && wrong.output.contains("unauthorized"))
            _ = try await skopeo(["copy", trust, "--dest-creds=dev:secret", source, image])
            let inspected = try await skopeo(
                ["inspect", "--cert-dir=\(folder.path)/certs", "--creds=dev:secret", image]
            )
            #expect(inspected.contains("made-by"))
        }
    }
}
