/// Names of objects that may become names of files.
public enum SafePath {
    /// Whether `path` stays below its folder: relative, no empty, `.` or `..` part, no backslash, no control character,
    /// no part longer than a file system takes.
    public static func isSafe(_ path: String) -> Bool {
        guard !path.isEmpty, path.utf8.count <= 1024, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != 0x5C })
        else { return false }
        return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= 255
        }
    }

    /// A path that is a folder in another one: stores have no folders and allow both, file systems do not.
    public static func collision(among paths: [String]) -> (file: String, folder: String)? {
        let files = Set(paths)
        for path in paths {
            var end = path.startIndex
            while let slash = path[end...].firstIndex(of: "/") {
                let parent = String(path[..<slash])
                if files.contains(parent) { return (parent, path) }
                end = path.index(after: slash)
            }
        }
        return nil
    }
}
