import JSON

/// What an emulated MLflow holds.
struct MLflowContents: Sendable {
    /// One version of a model.
    struct Version: Sendable {
        var number: Int64
        var created: Int64
        var source: String
        var run: String
        var status = "READY"

        func json(_ model: String, aliases: [String]) -> JSONValue {
            [
                "name": .string(model), "version": .string(String(number)), "creation_timestamp": .integer(created),
                "last_updated_timestamp": .integer(created), "current_stage": "None", "description": "",
                "source": .string(source), "run_id": .string(run), "status": .string(status),
                "aliases": .array(aliases.sorted().map { .string($0) }),
            ]
        }
    }

    /// A registered model.
    struct Model: Sendable {
        var versions: [Int64: Version] = [:]
        var aliases: [String: Int64] = [:]
        /// Numbers are given once, also to versions that are gone.
        var last: Int64 = 0

        /// Forgets a version, and the aliases that name it.
        mutating func remove(_ number: String) {
            guard let number = Int64(number) else { return }
            versions[number] = nil
            aliases = aliases.filter { $0.value != number }
        }
    }

    var models: [String: Model] = [:]
    /// Where the runs may put artifacts, by run.
    var runs: [String: String] = [:]
    /// The artifacts, by their paths.
    var files: [String: [UInt8]] = [:]

    func model(_ name: String) throws(MLflowFailure) -> Model {
        guard let model = models[name] else { throw .absent("Registered Model with name=\(name) not found") }
        return model
    }

    func version(_ text: String, of name: String) throws(MLflowFailure) -> JSONValue {
        guard let number = Int64(text) else { throw .invalid("Parameter 'version' must be an integer, got '\(text)'.") }
        guard let model = models[name], let version = model.versions[number] else {
            throw .absent("Model Version (name=\(name), version=\(text)) not found")
        }
        return version.json(name, aliases: model.aliases.filter { $0.value == number }.map(\.key))
    }

    /// What lies in a folder, by name; nil sizes are those of folders.
    func entries(of folder: String) -> [(name: String, size: Int?)] {
        let prefix = folder.isEmpty ? "" : folder + "/"
        var found: [String: Int?] = [:]
        for (path, bytes) in files where path.hasPrefix(prefix) {
            let rest = path.dropFirst(prefix.count)
            let name = String(rest.prefix { $0 != "/" })
            found[name] = .some(name.utf8.count == rest.utf8.count ? bytes.count : nil)
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
