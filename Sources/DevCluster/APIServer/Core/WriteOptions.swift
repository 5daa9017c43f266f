import JSON

/// What the query of a write says.
struct WriteOptions: Sendable {
    /// What becomes of members that a kind does not declare.
    enum FieldValidation: Sendable, Hashable {
        case ignore
        case warn
        case strict
    }

    /// The field manager; never empty.
    var manager: String
    var isDryRun = false
    var force: Bool?
    var validation = FieldValidation.ignore

    init(manager: String) { self.manager = manager }

    /// Reads `fieldManager`, `dryRun`, `force` and, on servers that know it, `fieldValidation`.
    init(_ request: APIRequest, kind: String, profile: APIServerProfile) throws(APIFailure) {
        func invalid(_ issue: FieldIssue) -> APIFailure { .invalid(kind, group: "meta.k8s.io", "", [issue]) }
        let given = request.value("fieldManager") ?? ""
        guard given.utf8.count <= 128 else {
            throw invalid(
                FieldIssue(kind: .tooLong, field: "fieldManager", message: "Too long: must have at most 128 bytes")
            )
        }
        // Without a name it is the program's, as it calls itself (`managerOrUserAgent`).
        let agent = request.userAgent.split(separator: "/", maxSplits: 1).first.map(String.init) ?? "unknown"
        manager = given.isEmpty ? String(agent.prefix(128)) : given
        switch request.value("dryRun") {
        case nil, ""?: break
        case "All"?: isDryRun = true
        case let other?: throw invalid(.notSupported("dryRun", .string(other), ["All"]))
        }
        force = request.value("force").map { $0 == "true" || $0 == "1" }
        guard profile == .current else { return }
        switch request.value("fieldValidation") {
        case nil, ""?, "Warn"?: validation = .warn
        case "Ignore"?: validation = .ignore
        case "Strict"?: validation = .strict
        case let other?: throw invalid(.notSupported("fieldValidation", .string(other), ["Ignore", "Strict", "Warn"]))
        }
    }
}

/// The patches that a server knows, by media type.
enum PatchType: String, Sendable, CaseIterable {
    case json = "application/json-patch+json"
    case merge = "application/merge-patch+json"
    case strategic = "application/strategic-merge-patch+json"
    case apply = "application/apply-patch+yaml"
}
