import Foundation
import Schedules

/// Zones of the machine's own database.
enum Zones {
    /// Zones with rules of every kind: both hemispheres, half hours, zones that moved over the date line, that gave up
    /// or took up daylight saving, that interrupt it for Ramadan, whose winter is the exception.
    static let names = [
        "Europe/Berlin", "Europe/Dublin", "Europe/Istanbul", "Europe/Moscow", "Africa/Casablanca", "Africa/Cairo",
        "America/Los_Angeles", "America/New_York", "America/Sao_Paulo", "America/Havana", "America/Caracas",
        "America/Nuuk", "Asia/Tehran", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Gaza", "Australia/Lord_Howe",
        "Pacific/Apia", "Pacific/Chatham", "Antarctica/Troll",
    ]

    static func rules(_ name: String) throws -> TimeZoneRules {
        let data = try Data(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/" + name))
        return try TimeZoneRules(tzif: Array(data))
    }

    /// The release of the database, such as `2025b`.
    static var version: String {
        let text = try? String(contentsOf: URL(fileURLWithPath: "/usr/share/zoneinfo/tzdata.zi"), encoding: .utf8)
        return text?.split(separator: "\n").first.map { String($0.dropFirst("# version ".count)) }
            ?? "of unknown version"
    }
}
