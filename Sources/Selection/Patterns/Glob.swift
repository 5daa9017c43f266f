/// A pattern for the names of files below a prefix, as `includeFiles` and `excludeFiles` hold them, matched against
/// the whole name in time linear in it.
///
/// The rules are those of the doublestar library, of Go:
/// - `*` matches any number of characters but `/`, `?` exactly one;
/// - `**` as a whole path segment matches any number of segments: `**/x` also matches `x`, `a/**/b` also `a/b`, and
///   `a/**` everything below `a/`; elsewhere `**` is the same as `*`;
/// - `[abc]`, `[a-z]`, `[!a]`, `[^a]` match one character of the class, never `/`;
/// - `{a,b}` matches either, may nest and may hold `/`;
/// - `\` takes the next character literally. Names that start with a dot are nothing special.
public struct Glob: Sendable, Hashable, CustomStringConvertible {
    /// The longest source, in UTF-8 bytes.
    public static let maximumSourceBytes = 512

    /// The glob as written.
    public let source: String
    let program: Program

    /// Compiles a glob. Throws code `.glob` with the position of what is malformed.
    public init(_ source: String) throws(SelectionError) {
        guard !source.isEmpty, source.utf8.count <= Glob.maximumSourceBytes else {
            throw SelectionError(.glob, "a glob must have 1 to \(Glob.maximumSourceBytes) bytes", at: 0)
        }
        var parser = GlobParser(source)
        program = try parser.parse()
        self.source = source
    }

    /// Whether the whole of `name` matches.
    public func matches(_ name: String) -> Bool {
        var machine = PikeMachine(program)
        return machine.matches(name)
    }

    /// The source.
    public var description: String { source }

    /// Globs are equal if they are written alike.
    public static func == (left: Glob, right: Glob) -> Bool { left.source == right.source }

    /// Hashes the source.
    public func hash(into hasher: inout Hasher) { hasher.combine(source) }
}
