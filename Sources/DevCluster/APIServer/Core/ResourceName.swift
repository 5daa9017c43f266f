/// A resource without its version: what objects are stored under.
struct ResourceName: Sendable, Hashable, CustomStringConvertible {
    /// Empty for the core group.
    var group: String
    var plural: String

    /// `plural`, or `plural.group`.
    var description: String { group.isEmpty ? plural : "\(plural).\(group)" }
}
