import FoundationEssentials
import JSON
import KubernetesAPI
import ModelAppAPI

/// A list of ModelApps to validated objects: the project's decoder beside Foundation's, in turns.
enum DecodeBenchmark {
    static func run(objects count: Int, rounds: Int) throws -> JSONValue {
        var documents = SampleDocuments()
        let bytes = documents.modelAppList(count)
        let data = Data(bytes)
        try checkEqual(bytes, data, count)
        var ours = Double.infinity
        var foundation = Double.infinity
        for _ in 0..<rounds {
            ours = min(ours, try CPUTime.measure { _ = try ListPage<ModelApp>(parsing: bytes) })
            foundation = min(
                foundation,
                try CPUTime.measure { _ = try JSONDecoder().decode(CodableList.self, from: data) }
            )
        }
        return [
            "bytes": .integer(Int64(bytes.count)), "objects": .integer(Int64(count)),
            "seconds": .decimal("\(ours)"), "foundationSeconds": .decimal("\(foundation)"),
            "ratio": .decimal("\(ours / foundation)"),
        ]
    }

    /// Both decoders found the same: each object, written by Foundation from what it decoded, is what ours decoded, and
    /// the other way round.
    private static func checkEqual(_ bytes: [UInt8], _ data: Data, _ count: Int) throws {
        let ours = try ListPage<ModelApp>(parsing: bytes)
        let theirs = try JSONDecoder().decode(CodableList.self, from: data).items
        guard ours.undecodable.isEmpty, ours.items.count == count, theirs.count == count else {
            throw BenchmarkError("decoded \(ours.items.count) and \(theirs.count) of \(count) objects")
        }
        let annotation = "kubectl.kubernetes.io/last-applied-configuration"
        for (app, twin) in zip(ours.items, theirs) {
            var twin = twin
            twin.metadata.annotations?[annotation] = nil
            let written = try JSONValue(parsing: Array(try JSONEncoder().encode(twin)))
            let again = try JSONDecoder().decode(CodableModelApp.self, from: Data(app.json.canonicalBytes))
            guard try ModelApp(json: written) == app,
                try JSONValue(parsing: Array(try JSONEncoder().encode(again))) == written
            else { throw BenchmarkError("\(app.key) was not decoded to the same object") }
        }
    }
}
