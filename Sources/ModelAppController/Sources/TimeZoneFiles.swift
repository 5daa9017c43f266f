public import KubernetesClient
public import Schedules
import Synchronization

/// The time zones of the machine's database, each read once.
///
/// A name from a spec is a path below the database's folder: one that could leave it is unknown, like any other that has
/// no file there.
public final class TimeZoneFiles: Sendable {
    private let files: FileReader
    private let folder: String
    private let known = Mutex<[String: TimeZoneRules]>([:])

    /// Zones in the folder of a database of TZif files; Debian's tzdata by default.
    public init(files: FileReader = .system, folder: String = "/usr/share/zoneinfo") {
        (self.files, self.folder) = (files, folder)
    }

    /// The rules of those of `names` that the database has.
    public func rules(_ names: Set<String>) -> [String: TimeZoneRules] {
        var rules: [String: TimeZoneRules] = [:]
        for name in names { rules[name] = self.rules(name) }
        return rules
    }

    private func rules(_ name: String) -> TimeZoneRules? {
        if let rules = known.withLock({ $0[name] }) { return rules }
        guard Self.isName(name), let bytes = try? files.read("\(folder)/\(name)"),
            let rules = try? TimeZoneRules(tzif: bytes)
        else { return nil }
        known.withLock { $0[name] = rules }
        return rules
    }

    /// `Area/Location`, `Area/Region/Location` or a single word (tz database, "theory"): no dots, so no way out.
    private static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return (1...3).contains(parts.count)
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        (48...57).contains(byte) || (65...90).contains(byte & 0xDF) || byte == 95 || byte == 43
                            || byte == 45
                    }
            }
    }
}
