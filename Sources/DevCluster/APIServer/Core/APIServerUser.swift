/// Somebody who may talk to the embedded API server.
public struct APIServerUser: Sendable, Hashable {
    /// What a user may do. There is no RBAC: roles are stored, not evaluated.
    public enum Access: Sendable, Hashable {
        /// Everything.
        case all
        /// get, list and watch.
        case readOnly
        /// Discovery only.
        case nothing
    }

    /// The user's name.
    public var name: String
    /// The user's groups.
    public var groups: [String]
    /// What the user may do.
    public var access: Access

    /// A user of these parts.
    public init(name: String, groups: [String] = ["system:authenticated"], access: Access = .all) {
        self.name = name
        self.groups = groups
        self.access = access
    }

    /// Who did not say who they are.
    static let anonymous = APIServerUser(
        name: "system:anonymous",
        groups: ["system:unauthenticated"],
        access: .all
    )

    func may(_ verb: String) -> Bool {
        switch access {
        case .all: true
        case .readOnly: ["get", "list", "watch"].contains(verb)
        case .nothing: false
        }
    }
}
