/// Something that must be well for a process to be so.
public struct HealthCheck: Sendable {
    /// The name, as it stands in the answer and in the path.
    public var name: String
    /// What is wrong; nil if nothing is.
    public var problem: @Sendable () -> String?

    /// A check of its parts.
    public init(_ name: String, _ problem: @escaping @Sendable () -> String?) {
        self.name = name
        self.problem = problem
    }

    /// Answers as long as the process does.
    public static let ping = HealthCheck("ping") { nil }
}

/// The checks behind one path, answered as Kubernetes' own components do (apiserver `pkg/server/healthz`): `/livez`,
/// `/livez?verbose`, `/livez?exclude=NAME` and `/livez/NAME`. Other than there, a failed check says why.
struct HealthChecks: Sendable {
    let path: String
    let checks: [HealthCheck]

    /// The answer, or nil where the path is another's.
    func answer(_ requested: String, query: String) -> Page? {
        if requested == path { return all(query) }
        guard requested.hasPrefix(path + "/") else { return nil }
        let name = requested.dropFirst(path.count + 1)
        guard let check = checks.first(where: { $0.name == name }) else { return nil }
        guard let problem = check.problem() else { return Page("ok\n") }
        return Page(status: 503, "\(problem)\n")
    }

    private func all(_ query: String) -> Page {
        let parameters = query.split(separator: "&")
        let excluded = Set(parameters.filter { $0.hasPrefix("exclude=") }.map { $0.dropFirst("exclude=".count) })
        var lines: [String] = []
        var isWell = true
        for check in checks {
            if excluded.contains(check.name[...]) {
                lines.append("[+]\(check.name) excluded: ok")
            } else if let problem = check.problem() {
                isWell = false
                lines.append("[-]\(check.name) failed: \(problem)")
            } else {
                lines.append("[+]\(check.name) ok")
            }
        }
        let isVerbose = parameters.contains { $0 == "verbose" || $0.hasPrefix("verbose=") }
        if isWell, !isVerbose { return Page("ok\n") }
        lines.append("\(path.dropFirst()) check \(isWell ? "passed" : "failed")")
        return Page(status: isWell ? 200 : 503, lines.joined(separator: "\n") + "\n")
    }
}
