public import SeededRandom

/// What happens to a ModelApp and around it.
public enum HistoryEvent: Hashable, Sendable {
    /// One of the two things that make a release.
    public enum Half: Hashable, Sendable, CaseIterable { case code, model }
    /// Whose fault it is that pods do not come up.
    public enum Fault: Hashable, Sendable, CaseIterable { case release, template, surroundings }

    /// Something newer is pushed or uploaded.
    case publish(Half)
    /// The newest is taken away, and the one before it is the newest again.
    case withdraw(Half)
    /// The source fails.
    case fails(Half)
    /// It answers again.
    case answers(Half)
    /// Every pod of the present template becomes ready.
    case podsReady
    /// The deadline passes, and pods of the present template do not become ready.
    case podsFail(Fault)
    /// Pods that were ready are lost.
    case podsLost
    /// The pod template is edited.
    case edit(Int)
    /// Windows are set or removed.
    case windows(Bool)
    /// `onFailure` becomes Pause or Rollback.
    case pauseOnFailure(Bool)
    case suspend(Bool)
    /// Time passes.
    case wait(minutes: Int)
    /// Time passes until the next edge of the window: 1 s before it, at it, or 1 s after it.
    case edge(seconds: Int)
    /// The clock is set back.
    case clockBack(minutes: Int)
    /// The process ends after so many steps of its next plan.
    case crash(steps: Int)
    /// A plan is made for the state before the last event.
    case staleView
    /// The status is lost.
    case statusLost
    /// Somebody edits the Deployment's template.
    case tamper
    /// Somebody deletes the Deployment.
    case deleteDeployment
    /// Somebody removes the annotation that says which release it is.
    case loseAnnotation
    /// The annotation that asks for a rollback, to one of the releases that are kept.
    case rollback(Int)
    case dropRollback
    /// `kubectl rollout undo`, to one of the releases that are kept.
    case undo(Int)
    case resume
    /// `kubectl rollout pause` and `resume`.
    case paused(Bool)
    /// The annotation that lets what waits start now.
    case releaseNow
    /// The annotation that has what failed tried again.
    case unquarantine

    /// An event by chance; what happens all the time in life comes more often.
    public static func random(_ generator: inout SplitMix64) -> HistoryEvent {
        func half() -> Half { Bool.random(using: &generator) ? .code : .model }
        switch Int.random(in: 0..<64, using: &generator) {
        case 0..<9: return .publish(half())
        case 9: return .withdraw(half())
        case 10: return .fails(half())
        case 11, 12: return .answers(half())
        case 13..<22: return .podsReady
        case 22..<26: return .podsFail(.release)
        case 26: return .podsFail(.template)
        case 27: return .podsFail(.surroundings)
        case 28: return .podsLost
        case 29..<32: return .edit(Int.random(in: 0..<3, using: &generator))
        case 32, 33: return .windows(Bool.random(using: &generator))
        case 34: return .pauseOnFailure(Int.random(in: 0..<4, using: &generator) == 0)
        case 35: return .suspend(Int.random(in: 0..<3, using: &generator) == 0)
        case 36..<39: return .wait(minutes: Int.random(in: 1...900, using: &generator))
        case 39..<43: return .edge(seconds: Int.random(in: -1...1, using: &generator))
        case 43: return .clockBack(minutes: Int.random(in: 1...200, using: &generator))
        case 44..<48: return .crash(steps: Int.random(in: 0...2, using: &generator))
        case 48: return .staleView
        case 49: return .statusLost
        case 50: return .tamper
        case 51: return .deleteDeployment
        case 52: return .loseAnnotation
        case 53, 54: return .rollback(Int.random(in: 0..<4, using: &generator))
        case 55: return .dropRollback
        case 56: return .undo(Int.random(in: 0..<4, using: &generator))
        case 57, 58: return .resume
        case 59: return .paused(Int.random(in: 0..<3, using: &generator) == 0)
        case 60, 61: return .releaseNow
        default: return .unquarantine
        }
    }

    /// A history of up to 24 events.
    public static func history(_ generator: inout SplitMix64) -> [HistoryEvent] {
        (0..<Int.random(in: 1...24, using: &generator)).map { _ in random(&generator) }
    }
}
