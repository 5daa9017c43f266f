/// What an answer says of a release.
public enum CheckVerdict: Sendable, Hashable {
    /// It is what was expected.
    case passed
    /// It is, and this is what was measured. The message holds nothing that came from outside.
    case measured(message: String)
    /// It is not. The message holds nothing that came from outside; the detail may.
    case failed(message: String, detail: String?)
    /// It says nothing of the release.
    case blocked(reason: String, message: String)
}
