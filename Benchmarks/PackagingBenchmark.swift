import Artifacts
import AsyncHTTPTransport
import ContainerRegistry
import Glibc
import HTTPTransport
import ImagePackaging
import JSON
import ObjectStorage

/// A model of any size from a generator, as a layer into a registry of another process; beside it each of the three things
/// that this is made of, alone.
struct PackagingBenchmark {
    let registry: ImageReference
    let client: RegistryClient
    let transport: any HTTPTransport
    let store: SeededStore

    static func run(registry host: String, bytes: Int64) async throws -> JSONValue {
        let pool = ClientPool()
        let transport = try pool.transport()
        let benchmark = PackagingBenchmark(
            registry: try ImageReference("\(host)/baked"),
            client: RegistryClient(
                transport: transport,
                time: .system,
                hosts: [host: RegistryHostOptions(plainHTTP: true)],
                random: { 0.5 }
            ),
            transport: transport,
            store: SeededStore(size: bytes, seed: 20_260_101)
        )
        let result = try await benchmark.measure()
        await pool.shutdown()
        return result
    }

    private func measure() async throws -> JSONValue {
        try await pushApplication("1", layers: ["one"])
        _ = try await counts()
        let packaging = try await timed { try await package("1", previous: nil) }
        let peak = PeakMemory.now
        let model = try await counts()
        let read = store.bytesRead
        try await pushApplication("2", layers: ["one", "two"])
        _ = try await counts()
        let codeOnly = try await timed { try await package("2", previous: "r-1") }
        let code = try await counts()
        let readAgain = store.bytesRead - read

        let reading = try await timed { for try await chunk in store.chunks() where chunk.isEmpty { throw Empty() } }
        let hashing = try await timed { try hash() }
        let writing = try await timed { try await write() }
        let parts = [reading, hashing, writing]
        let slowest = parts.map(\.wall).max() ?? 0
        let processors = parts.reduce(0) { $0 + $1.cpu } / 2
        return [
            "bytes": .integer(store.size), "peakMB": .decimal(text(Double(peak) / 1e6)),
            "bytesRead": .integer(read), "bytesWritten": .integer(model.bytes),
            "wall": .decimal(text(packaging.wall)), "slowestAlone": .decimal(text(slowest)),
            "halfOfProcessors": .decimal(text(processors)),
            "ratio": .decimal(text(packaging.wall / max(slowest, processors))),
            "reading": .decimal(text(reading.wall)), "hashing": .decimal(text(hashing.wall)),
            "writing": .decimal(text(writing.wall)), "codeOnlyRequests": .integer(Int64(code.requests)),
            "codeOnlyBytesRead": .integer(readAgain), "codeOnlySeconds": .decimal(text(codeOnly.wall)),
        ]
    }

    private struct Empty: Error {}

    private func text(_ number: Double) -> String {
        let thousandths = Int64((number * 1000).rounded())
        let fraction = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - fraction.utf8.count) + fraction
    }

    private func timed(_ body: () async throws -> Void) async throws -> (wall: Double, cpu: Double) {
        let (start, cpu) = (ContinuousClock.now, CPUTime.now)
        try await body()
        return ((ContinuousClock.now - start) / .seconds(1), CPUTime.now - cpu)
    }

    private func package(_ tag: String, previous: String?) async throws {
        let description = ModelDescription(
            revision: "sha256:" + String(repeating: "a", count: 64),
            version: "1",
            source: "seeded/1/"
        )
        var image = registry
        image.tag = tag
        let application = try ImageReference("\(registry.registry)/app:\(tag)")
        let order = ImagePackager.Order(image: application, model: description)
        let before = previous.map { tag in
            var reference = registry
            reference.tag = tag
            return reference
        }
        let contents = ModelContents(
            files: [.init(path: "weights.bin", info: store.info)],
            reader: ModelReader(store, time: .system, random: { 0.5 })
        )
        _ = try await ImagePackager(reader: client).package(
            order,
            to: .registry(client, registry, tag: "r-\(tag)", previous: before)
        ) { () async throws(PackagingError) in contents }
    }

    private func hash() throws {
        let piece = [UInt8](repeating: 7, count: 256 << 10)
        var digest = ContentDigest()
        while digest.count < store.size { digest.update(piece) }
        guard digest.value != nil else { throw Empty() }
    }

    private func write() async throws {
        var upload = try await client.startUpload(registry)
        let chunk = [UInt8](repeating: 7, count: client.limits.uploadChunkBytes)
        while upload.size < store.size { try await client.append(chunk, to: &upload) }
    }

    private func counts() async throws -> (requests: Int, bytes: Int64) {
        guard let url = HTTPURL("http://\(registry.registry)/counts") else { throw Empty() }
        let text = try await transport.withResponse(to: url.request(), body: nil, timeouts: .call) { _, chunks in
            String(decoding: try await chunks.collect(upTo: 1000), as: UTF8.self)
        }
        let parts = text.split(separator: " ").map { Int64($0) ?? 0 }
        guard parts.count == 2 else { throw Empty() }
        return (Int(parts[0]), parts[1])
    }

    private func pushApplication(_ tag: String, layers: [String]) async throws {
        let image = try ImageReference("\(registry.registry)/app")
        var descriptors: [JSONValue] = []
        var differences: [JSONValue] = []
        func push(_ bytes: [UInt8], _ type: MediaType) async throws -> JSONValue {
            guard let digest = ContentDigest.of(bytes) else { throw Empty() }
            try await client.upload(bytes, as: digest, to: image)
            return [
                "mediaType": .string(type.text), "digest": .string(digest.description),
                "size": .integer(Int64(bytes.count)),
            ]
        }
        for layer in layers {
            let descriptor = try await push(Array(layer.utf8), .ociLayer)
            descriptors.append(descriptor)
            differences.append(descriptor["digest"] ?? .null)
        }
        let configuration: JSONValue = [
            "os": "linux", "architecture": "amd64", "rootfs": ["type": "layers", "diff_ids": .array(differences)],
        ]
        let manifest: JSONValue = [
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest.text),
            "config": try await push(configuration.canonicalBytes, .ociConfiguration), "layers": .array(descriptors),
        ]
        try await client.put(manifest: manifest.canonicalBytes, .ociManifest, tag: tag, in: image)
    }
}
