/// The types of the kinds that an API server brings along.
///
/// Source: `api/openapi-spec/swagger.json` of Kubernetes 1.20 for the members, list types and merge keys, and the
/// OpenAPI document of 1.37 for what was added since. Left out are kinds that neither the operator nor its users' plain
/// workloads touch.
enum BuiltInTypes {
    private static let texts = [core, pods, volumes, nodes, workloads, others, newer]
    private static let v1_20 = TypeTable(texts, profile: .v1_20)
    private static let current = TypeTable(texts, profile: .current)

    /// The types as a server of that profile knows them.
    static func table(_ profile: APIServerProfile) -> TypeTable {
        profile == .current ? current : v1_20
    }
}
