/// Which files of a model count: `includeFiles` and `excludeFiles`.
public struct FileFilter: Sendable, Hashable {
    /// The most globs in either list.
    public static let maximumGlobs = 64

    /// A file must match one of these; empty for all files.
    public let include: [Glob]
    /// A file must match none of these.
    public let exclude: [Glob]

    /// Every file.
    public static let all = FileFilter()

    private init() {
        include = []
        exclude = []
    }

    /// Compiles the globs. Throws code `.glob`.
    public init(include: [String], exclude: [String]) throws(SelectionError) {
        guard max(include.count, exclude.count) <= FileFilter.maximumGlobs else {
            throw SelectionError(.glob, "more than \(FileFilter.maximumGlobs) globs")
        }
        // `**` is the default and matches every path: nothing to run for each of a million objects.
        self.include = include.contains("**") ? [] : try FileFilter.compile(include)
        self.exclude = try FileFilter.compile(exclude)
    }

    /// Whether a path, relative to the root of the model, counts.
    public func selects(_ path: String) -> Bool {
        (include.isEmpty || include.contains { $0.matches(path) }) && !exclude.contains { $0.matches(path) }
    }

    private static func compile(_ sources: [String]) throws(SelectionError) -> [Glob] {
        var globs: [Glob] = []
        for source in sources { globs.append(try Glob(source)) }
        return globs
    }
}
