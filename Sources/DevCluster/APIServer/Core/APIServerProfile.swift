/// Which Kubernetes an embedded API server behaves like.
public enum APIServerProfile: String, Sendable, Hashable, CaseIterable {
    /// 1.20: no WatchList, no server-side field validation, no subresource in managed fields. Measured on the real one.
    case v1_20 = "1.20"
    /// A present one: WatchList, `fieldValidation`, OpenAPI v3.
    case current

    /// What `/version` answers.
    var version: (major: String, minor: String, git: String) {
        switch self {
        case .v1_20: ("1", "20", "v1.20.2")
        case .current: ("1", "36", "v1.36.0")
        }
    }
}
