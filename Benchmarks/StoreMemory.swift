import JSON
import KubernetesAPI
import ModelAppAPI

/// What decoded objects take in memory, by kind; read page by page, as a reflector does.
enum StoreMemory {
    static func run(objects count: Int) throws -> JSONValue {
        var documents = SampleDocuments()
        let pages = stride(from: 0, to: count, by: 500).map { _ in
            (documents.modelAppList(500), documents.deploymentList(500))
        }
        let start = ResidentMemory.now
        var apps: [ListPage<ModelApp>] = []
        for page in pages { apps.append(try ListPage(parsing: page.0)) }
        let between = ResidentMemory.now
        var deployments: [ListPage<Deployment>] = []
        for page in pages { deployments.append(try ListPage(parsing: page.1)) }
        let end = ResidentMemory.now
        let held = apps.map(\.items.count).reduce(0, +) + deployments.map(\.items.count).reduce(0, +)
        return [
            "objects": .integer(Int64(held)),
            "modelAppBytes": .integer(Int64((between - start) / count)),
            "deploymentBytes": .integer(Int64((end - between) / count)),
            "modelAppInline": .integer(Int64(MemoryLayout<ModelApp>.stride)),
            "deploymentInline": .integer(Int64(MemoryLayout<Deployment>.stride)),
        ]
    }
}
