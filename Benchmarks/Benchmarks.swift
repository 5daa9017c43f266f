import Glibc
import JSON

/// The measurements of `make bench` that need the project's own types. `scripts/bench` runs them, one process each, and
/// makes the table; each prints one line of JSON.
@main
struct Benchmarks {
    static let usage = """
        usage: Benchmarks decode [OBJECTS]   a list of ModelApps to objects, beside Foundation's decoder
               Benchmarks memory [OBJECTS]   what decoded objects take, by kind
               Benchmarks tags [TAGS]        a scan of so many tags, beside parsing the same pages
               Benchmarks blobs [OBJECTS]    a listing of so many objects, and the memory that it takes
               Benchmarks registry           a registry that counts what it gets, until killed
               Benchmarks package HOST [MB]  a model from a generator into that registry
               Benchmarks serve OBJECTS      an API server with so many ModelApps and Deployments, until killed
        """

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        if let command = arguments.first, ["registry", "package"].contains(command) {
            return try await package(command, arguments.dropFirst())
        }
        let objects = arguments.dropFirst().first.map { Int($0) ?? -1 } ?? 10_000
        guard let command = arguments.first, objects >= 0 else {
            print(usage)
            exit(64)
        }
        switch command {
        case "decode": print(try DecodeBenchmark.run(objects: objects, rounds: 5).canonicalText)
        case "memory": print(try StoreMemory.run(objects: objects).canonicalText)
        case "tags": print(try await ScanBenchmark.tags(objects, rounds: 9).canonicalText)
        case "blobs": print(try await ScanBenchmark.objects(objects).canonicalText)
        case "serve": try await StoredCollections.serve(objects: objects)
        default:
            print(usage)
            exit(64)
        }
    }

    private static func package(_ command: String, _ arguments: ArraySlice<String>) async throws {
        if command == "registry" { return try await UploadSink.serve() }
        let megabytes = arguments.dropFirst().first.map { Int64($0) ?? 0 } ?? 4096
        guard let host = arguments.first, (1...1 << 20).contains(megabytes) else {
            print(usage)
            exit(64)
        }
        print(try await PackagingBenchmark.run(registry: host, bytes: megabytes << 20).canonicalText)
    }
}
