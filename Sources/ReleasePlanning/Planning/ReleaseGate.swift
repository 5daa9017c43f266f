import Artifacts
import KubernetesAPI
public import ModelAppAPI
import Schedules

/// What keeps a release from starting now. A release that has started is held by nothing, nor is what puts back one that
/// ran before.
struct ReleaseGate {
    let app: ModelApp
    let zones: [String: TimeZoneRules]
    let now: Timestamp

    /// What holds `release` back; nil where it may start.
    func hold(on release: Release, isFirst: Bool) throws(FieldProblem) -> ReleaseHold? {
        let calendar = try Self.calendar(app.spec.rollout, zones: zones)
        if isFirst, app.spec.rollout.initial == .immediately { return nil }
        if app.metadata.annotations[Keys.releaseNow] == release.id { return nil }
        guard case .closed(let obstacle, let until) = calendar.state(at: now) else { return nil }
        let opening = until.map { "the next opening is \($0.rfc3339)" } ?? "none opens for years"
        switch obstacle {
        case .noWindow:
            return ReleaseHold(gate: "Window", message: "no window is open; \(opening)", until: until)
        case .blackout(let name):
            return ReleaseHold(gate: "Blackout", message: "blackout \(name); \(opening)", until: until)
        }
    }

    /// The windows and blackouts of a spec.
    static func calendar(_ rollout: Rollout, zones: [String: TimeZoneRules]) throws(FieldProblem) -> ReleaseCalendar {
        var windows: [RecurringWindow] = []
        for window in rollout.windows {
            let field = "spec.rollout.windows[\(window.name)]"
            let zone = try rules(window.timeZone, zones, "\(field).timeZone")
            let cron: CronSchedule
            do throws(ScheduleError) {
                cron = try CronSchedule(window.cron)
            } catch {
                throw FieldProblem("\(field).cron", error.message)
            }
            do throws(ScheduleError) {
                windows.append(
                    try RecurringWindow(name: window.name, cron: cron, duration: window.duration.duration, zone: zone)
                )
            } catch {
                throw FieldProblem("\(field).duration", error.message)
            }
        }
        var blackouts: [DayRange] = []
        for blackout in rollout.blackouts {
            let field = "spec.rollout.blackouts[\(blackout.name)]"
            let zone = try rules(blackout.timeZone, zones, "\(field).timeZone")
            do throws(ScheduleError) {
                blackouts.append(
                    try DayRange(name: blackout.name, first: blackout.from, last: blackout.to, zone: zone)
                )
            } catch {
                throw FieldProblem(field, error.message)
            }
        }
        return ReleaseCalendar(windows: windows, blackouts: blackouts)
    }

    private static func rules(
        _ name: String,
        _ zones: [String: TimeZoneRules],
        _ field: String
    ) throws(FieldProblem) -> TimeZoneRules {
        if name == "UTC" { return .utc }
        if let rules = zones[name] { return rules }
        throw FieldProblem(
            field,
            "the operator's time zone database has no \"\(name)\"; names are like Europe/Berlin or UTC"
        )
    }
}

/// A release that waits, and for what.
struct ReleaseHold: Sendable, Hashable {
    /// One CamelCase word for programs.
    var gate: String
    /// For people.
    var message: String
    /// When the gate opens by itself.
    var until: Timestamp?
    /// Whether something is being made for the release meanwhile.
    var isPreparing = false

    /// The reason in a condition.
    var reason: String { "WaitingFor\(gate)" }
}

extension Rollout {
    /// The names of the time zones that windows and blackouts use.
    public var timeZones: Set<String> { Set(windows.map(\.timeZone) + blackouts.map(\.timeZone)) }
}
