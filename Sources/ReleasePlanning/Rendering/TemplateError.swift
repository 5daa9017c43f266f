import KubernetesAPI

/// A pod template into which a release cannot be rendered.
public struct TemplateError: Error, Sendable, Hashable {
    /// One CamelCase word for programs.
    public var reason: String
    /// The field, what is wrong and what to do.
    public var message: String

    /// An error of its parts.
    public init(_ reason: String, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
