import Artifacts

/// That other managers hold fields of an adopted Deployment which a release sets, and that they are left to them.
struct FieldContest: Hashable {
    /// How it came to that.
    enum Course: Hashable {
        /// They took them back.
        case takenBack
        /// They had them from the beginning, and `onConflict: Yield` takes nothing.
        case held
        /// They took them back again and again.
        case fought(FieldTakes)
    }

    /// The Deployment's name.
    var deployment: String
    /// How it came to that.
    var course: Course
    /// The fields of each manager.
    var fields: [String: [String]]

    /// One word for programs.
    var reason: String { if case .fought = course { "Contested" } else { "Yielded" } }

    /// Who holds what, and what to do.
    var message: String {
        let holders = fields.keys.sorted().prefix(3).map { manager in
            let names = fields[manager] ?? []
            let more = names.count > 3 ? " and \(names.count - 3) more" : ""
            return "\(manager) (\(names.prefix(3).joined(separator: ", "))\(more))"
        }.joined(separator: "; ")
        let what: String
        let remedy: String
        switch course {
        case .takenBack:
            what = "of Deployment \(deployment) was taken back by \(holders)"
            remedy = "let that manager leave the fields out, then set spec.target.adopt.onConflict: Force"
        case .held:
            what = "of Deployment \(deployment) belongs to \(holders), and spec.target.adopt.onConflict is Yield"
            remedy = "let that manager give the fields up, or set onConflict: TakeOnce"
        case .fought(let takes):
            what =
                "of Deployment \(deployment) was taken back \(takes.count) times since \(takes.since.rfc3339) by "
                + "\(holders), and lost again"
            remedy = "let that manager leave the fields out, then edit the spec or remove the annotation \(Keys.takes)"
        }
        return "what the release sets \(what). It is left as it is, and nothing is released: \(remedy). "
            + "Argo CD and Flux: docs/how-to/gitops.md"
    }
}
