import Artifacts

/// How often the fields of an adopted Deployment were taken from another manager in a row (`onConflict: Force`).
///
/// It is kept on the Deployment and written with the apply that takes: so it costs no write, and a restart does not start
/// the fight anew.
struct FieldTakes: Hashable {
    /// After so many the fight ends.
    static let limit: Int64 = 3
    /// Within this time.
    static let spell: Duration = .seconds(3600)

    /// How often.
    var count: Int64
    /// Since when.
    var since: Timestamp
    /// The generation of the ModelApp: an edit of its spec begins anew.
    var generation: Int64

    /// Takes of their parts.
    init(count: Int64, since: Timestamp, generation: Int64) {
        self.count = count
        self.since = since
        self.generation = generation
    }

    /// What `text` says; nil where it says something else.
    init?(_ text: String?) {
        let parts = (text ?? "").split(separator: " ")
        guard parts.count == 3, let count = Int64(parts[0]), let generation = Int64(parts[2]),
            let since = try? Timestamp(rfc3339: String(parts[1]))
        else { return nil }
        self.init(count: count, since: since, generation: generation)
    }

    /// The annotation's value.
    var text: String { "\(count) \(since.rfc3339) \(generation)" }

    /// Whether nothing more is taken in `generation`.
    func isOver(in generation: Int64) -> Bool { count >= Self.limit && self.generation == generation }

    /// The takes after one more.
    static func next(after takes: FieldTakes?, now: Timestamp, generation: Int64) -> FieldTakes {
        guard let takes, takes.generation == generation, now - takes.since <= spell else {
            return FieldTakes(count: 1, since: now, generation: generation)
        }
        return FieldTakes(count: min(takes.count, limit) + 1, since: takes.since, generation: generation)
    }
}
