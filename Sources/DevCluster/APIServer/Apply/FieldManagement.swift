import Artifacts
import JSON

/// Who owns which fields of an object: `metadata.managedFields` (apiserver `fieldmanager`, structured-merge-diff
/// `merge.Updater`).
struct FieldManagement: Sendable, Hashable {
    /// What tells one entry from another. An applier keeps its entry over versions, an updater does not.
    struct Manager: Sendable, Hashable {
        var name: String
        var isApply: Bool
        /// Empty for appliers.
        var apiVersion = ""
        /// Empty for the object itself, and always before 1.22.
        var subresource = ""
    }

    /// The fields of one manager.
    struct Entry: Sendable, Hashable {
        var fields: FieldSet
        var apiVersion: String
        var time: Timestamp?
    }

    var entries: [Manager: Entry] = [:]

    init() {}

    /// Reads `metadata.managedFields`; nil where an entry is malformed.
    init?(json: JSONValue?) {
        for entry in json?.array ?? [] {
            guard entry["fieldsType"]?.string == "FieldsV1", let operation = entry["operation"]?.string else {
                return nil
            }
            let apiVersion = entry["apiVersion"]?.string ?? ""
            let isApply = operation == "Apply"
            let manager = Manager(
                name: entry["manager"]?.string ?? "",
                isApply: isApply,
                apiVersion: isApply ? "" : apiVersion,
                subresource: entry["subresource"]?.string ?? ""
            )
            entries[manager] = Entry(
                fields: FieldSet(json: entry["fieldsV1"] ?? .object([:])),
                apiVersion: apiVersion,
                time: entry["time"]?.string.flatMap { try? Timestamp(rfc3339: $0) }
            )
        }
    }

    /// The value of `metadata.managedFields`; nil where nobody owns anything.
    var json: JSONValue? {
        guard !entries.isEmpty else { return nil }
        let sorted = entries.sorted { left, right in
            if left.key.isApply != right.key.isApply { return left.key.isApply }
            let (first, second) = (left.value.time?.seconds ?? 0, right.value.time?.seconds ?? 0)
            if first != second { return first < second }
            return (left.key.name, left.value.apiVersion, left.key.subresource)
                < (right.key.name, right.value.apiVersion, right.key.subresource)
        }
        return .array(
            sorted.map { manager, entry in
                var json: JSONValue = [
                    "manager": .string(manager.name), "operation": manager.isApply ? "Apply" : "Update",
                    "apiVersion": .string(entry.apiVersion), "fieldsType": "FieldsV1", "fieldsV1": entry.fields.json,
                ]
                if let time = entry.time { json["time"] = .string(time.rfc3339) }
                if !manager.subresource.isEmpty { json["subresource"] = .string(manager.subresource) }
                return json
            }
        )
    }

    /// One field that another manager owns.
    struct Conflict: Sendable, Hashable {
        var manager: Manager
        var entry: Entry
        var path: [PathElement]

        /// The manager in messages (`printManager`).
        var managerText: String {
            let name = JSONValue.string(manager.name).canonicalText
            if manager.isApply { return name }
            let with = manager.subresource.isEmpty ? "" : " with subresource \"\(manager.subresource)\""
            return "\(name)\(with) using \(entry.apiVersion)"
        }

        var pathText: String { path.map(\.text).joined() }
    }

    /// What a request is about.
    struct Request: Sendable {
        var manager: Manager
        var apiVersion: String
        /// Fields that this endpoint resets: nobody comes to own them by it.
        var ignored: FieldSet
        var now: Timestamp
    }

    // The fields that the server keeps itself (`stripMetaManager`).
    private static let stripped: FieldSet = {
        var set = FieldSet()
        for name in ["apiVersion", "kind", "metadata"] { set.insert([.field(name)]) }
        for name in [
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
            "resourceVersion",
        ] { set.insert([.field("metadata"), .field(name)]) }
        return set
    }()

    /// Takes the fields that differ between two states from everybody else; with `force` false a field that changed and
    /// belongs to another manager is a conflict.
    private mutating func share(
        _ comparison: TypedValue.Comparison,
        by manager: Manager,
        force: Bool,
        ignored: FieldSet
    ) -> [Conflict] {
        let changed = comparison.modified.union(comparison.added).recursiveDifference(ignored)
        let removed = comparison.removed.recursiveDifference(ignored)
        var conflicts: [Conflict] = []
        for (other, entry) in entries where other != manager {
            let taken = entry.fields.intersection(changed)
            if !force { conflicts += taken.paths.map { Conflict(manager: other, entry: entry, path: $0) } }
            entries[other]?.fields = entry.fields.difference(taken).difference(removed)
        }
        entries = entries.filter { !$0.value.fields.isEmpty }
        return conflicts.sorted { ($0.manager.name, $0.pathText) < ($1.manager.name, $1.pathText) }
    }

    /// Records that `request.manager` changed the object from `old` to `new` by an update.
    mutating func update(from old: TypedValue, to new: JSONValue, _ request: Request) {
        let comparison = old.compared(with: new)
        let former = entries[request.manager]
        // The original updates as an unknown manager, so that the manager's own other version loses the fields too.
        let operation = Manager(name: "", isApply: false, apiVersion: "current-operation")
        _ = share(comparison, by: operation, force: true, ignored: request.ignored)
        let taken = comparison.modified.union(comparison.added).difference(comparison.removed)
            .recursiveDifference(request.ignored).difference(Self.stripped)
        guard !taken.isEmpty else { return }
        let fields = (entries[request.manager]?.fields ?? FieldSet()).union(taken)
        let time = former?.fields == fields ? former?.time : request.now
        entries[request.manager] = Entry(fields: fields, apiVersion: request.apiVersion, time: time)
        capUpdaters(request.now)
    }

    /// The outcome of an apply.
    enum ApplyOutcome {
        /// The object as it becomes; nil where nothing changes in it.
        case merged(JSONValue?)
        case conflict([Conflict])
    }

    /// Applies `config` to `live`.
    mutating func apply(
        _ config: TypedValue,
        to live: TypedValue,
        force: Bool,
        _ request: Request
    ) throws(TypedValue.Failure) -> ApplyOutcome {
        let former = self
        if entries.isEmpty, live.value["metadata"]?["uid"] != nil { ownEverything(live, request) }
        let merged = try live.merging(config.value)
        let last = entries[request.manager]
        let applied = try config.fieldSet().recursiveDifference(request.ignored)
        entries[request.manager] = Entry(fields: applied, apiVersion: request.apiVersion, time: last?.time)
        let result = try pruned(TypedValue(value: merged, schema: live.schema), last?.fields ?? FieldSet())
        let comparison = live.compared(with: result)
        let conflicts = share(comparison, by: request.manager, force: force, ignored: request.ignored)
        if !conflicts.isEmpty { return .conflict(conflicts) }
        entries[request.manager]?.fields = applied.difference(Self.stripped)
        if entries[request.manager]?.fields.isEmpty == true { entries[request.manager] = nil }
        if !comparison.isSame || self != former { entries[request.manager]?.time = request.now }
        return .merged(comparison.isSame ? nil : result)
    }

    /// `merged` without what the manager applied last time and not this time, where no other manager owns it.
    private func pruned(_ merged: TypedValue, _ last: FieldSet) throws(TypedValue.Failure) -> JSONValue {
        guard !last.isEmpty else { return merged.value }
        let before = try merged.fieldSet()
        let withoutLast = TypedValue(value: merged.removing(last) ?? .object([:]), schema: merged.schema)
        let managed = entries.values.reduce(FieldSet()) { $0.union($1.fields) }
        let kept = try withoutLast.fieldSet().union(managed)
        let withOwned = TypedValue(
            value: merged.removing(before.difference(kept)) ?? .object([:]),
            schema: merged.schema
        )
        // Children that nobody owns are removed only where they were the applier's own.
        let gone = before.difference(try withOwned.fieldSet()).intersection(last)
        return merged.removing(gone) ?? .object([:])
    }

    /// An object that nobody managed gets a manager for what it had before the first apply.
    private mutating func ownEverything(_ live: TypedValue, _ request: Request) {
        let all = TypedValue(value: .object([:]), schema: live.schema).compared(with: live.value)
        let manager = Manager(name: "before-first-apply", isApply: false, apiVersion: request.apiVersion)
        let fields = all.added.recursiveDifference(request.ignored).difference(Self.stripped)
        entries[manager] = Entry(fields: fields, apiVersion: request.apiVersion, time: request.now)
    }

    /// At most ten updaters are kept; the oldest are put together (`capManagersManager`).
    private mutating func capUpdaters(_ now: Timestamp) {
        let updaters = entries.filter { !$0.key.isApply }
        guard updaters.count > 10 else { return }
        let oldest = updaters.sorted { left, right in
            (left.value.time?.seconds ?? 0, left.key.name) < (right.value.time?.seconds ?? 0, right.key.name)
        }
        var ancient: [String: Entry] = [:]
        for (manager, entry) in oldest.prefix(updaters.count - 9) {
            entries[manager] = nil
            let fields = (ancient[entry.apiVersion]?.fields ?? FieldSet()).union(entry.fields)
            ancient[entry.apiVersion] = Entry(fields: fields, apiVersion: entry.apiVersion, time: entry.time)
        }
        for (version, entry) in ancient {
            entries[Manager(name: "ancient-changes", isApply: false, apiVersion: version)] = entry
        }
    }
}
