import HTTPTransport
import KubernetesAPI
import KubernetesClient

/// The rules of listing and watching without tasks, time or requests (client-go `tools/cache/reflector.go`).
///
/// The driver performs `next`, and hands the result in. Exactly one thing is under way at any time. Every way back to
/// a request that just failed, or ended at once, leads through a sleep: no answer of a server makes a hot loop.
struct ReflectorStateMachine<Object: KubernetesObject>: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What came of the last command.
    enum Input: Sendable {
        case start
        case listed(ListPage<Object>)
        case listFailed(KubernetesError)
        case watchOpened
        case watchOpenFailed(KubernetesError)
        case event(WatchEvent<Object>)
        /// The stream ended: cleanly, or cut, or silent for too long.
        case streamEnded(KubernetesError?)
        /// No initial event for `initialEventsTimeout`.
        case initialEventsTimedOut
        case slept
    }

    /// What to do next.
    enum Command: Sendable, Hashable {
        case list(ListOptions)
        case watch(WatchOptions)
        /// The next event of the open watch.
        case read
        case sleep(Duration)
    }

    /// The answer to an input.
    struct Output: Sendable {
        var events: [ReflectorEvent<Object>] = []
        var notices: [ReflectorNotice] = []
        var next: Command
    }

    enum Phase: Sendable {
        case idle
        case listing(Listing)
        case openingWatchList
        case watchListing(InitialEvents)
        case openingWatch
        case watching(Watching)
        case sleeping(Resumption)
    }

    /// What follows a sleep.
    enum Resumption: Sendable { case cycle, watch }

    struct Listing: Sendable {
        var resourceVersion: String
        var firstVersion = ""
        var continueToken: String?
        /// W4: after 410 the list is tried once more at once, by quorum.
        var isSecondTry = false
        /// W5: after 410 on a later page everything is read in one answer.
        var isWhole = false
    }

    struct InitialEvents: Sendable {
        var openedAt: Instant
        var count = 0
    }

    struct Watching: Sendable {
        var openedAt: Instant
        var count = 0
        /// W8: a watch from "" or "0" starts with synthetic ADDED events, whose versions are not in order.
        var ignoresAdded: Bool
    }

    let options: ReflectorOptions
    let random: @Sendable () -> Double
    var phase = Phase.idle
    // What is collected lies beside the phase: a payload that is matched and put back is copied each time.
    var listed = (items: [Object](), undecodable: [UndecodableObject]())
    var initial = (objects: [ObjectKey: Object](), undecodable: [ObjectKey: UndecodableObject]())
    /// W6: opaque; empty where none is known.
    var resourceVersion = ""
    var isVersionUnavailable = false
    var usesWatchList: Bool
    var earlyEnds = 0
    var shortWatches = 0
    var internalErrorSince: Instant?
    private var backoff: Backoff

    init(options: ReflectorOptions, random: @escaping @Sendable () -> Double, now: Instant) {
        self.options = options
        self.random = random
        usesWatchList = options.usesWatchList
        backoff = Backoff(now: now)
    }

    /// Whether the driver has to watch for a silence among initial events (W3).
    var awaitsInitialEvents: Bool {
        switch phase {
        case .openingWatchList, .watchListing: true
        default: false
        }
    }

    mutating func handle(_ input: Input, _ now: Instant) -> Output {
        switch (phase, input) {
        case (.idle, .start): beginCycle()
        case (.listing(let listing), .listed(let page)): listed(page, listing, now)
        case (.listing(let listing), .listFailed(let error)): listFailed(error, listing, now)
        case (.openingWatchList, .watchOpened): watchListOpened(now)
        case (.openingWatchList, .watchOpenFailed(let error)): watchListFailed(error, now)
        case (.watchListing(let initial), .event(let event)): handle(event, initial, now)
        case (.watchListing(let initial), .streamEnded(let error)): watchListEnded(error, initial, now)
        case (.openingWatchList, .initialEventsTimedOut), (.watchListing, .initialEventsTimedOut): watchListIgnored()
        case (.openingWatch, .watchOpened): watchOpened(now)
        case (.openingWatch, .watchOpenFailed(let error)): watchOpenFailed(error, now)
        case (.watching(let watching), .event(let event)): handle(event, watching, now)
        case (.watching(let watching), .streamEnded(let error)): watchEnded(error, watching, now)
        case (.sleeping(.cycle), .slept): beginCycle()
        case (.sleeping(.watch), .slept): openWatch()
        default:
            // The driver performs one command at a time and reports just that; anything else starts over.
            sleep(.cycle, now)
        }
    }

    mutating func beginCycle() -> Output {
        earlyEnds = 0
        return usesWatchList ? openWatchList() : beginList()
    }

    /// W12. Waits longer where the server named a time.
    mutating func sleep(
        _ resumption: Resumption,
        _ now: Instant,
        after error: KubernetesError? = nil,
        notices: [ReflectorNotice] = []
    ) -> Output {
        phase = .sleeping(resumption)
        let delay = max(backoff.step(now, unit: random()), min(error?.retryAfter ?? .zero, .seconds(300)))
        return Output(notices: error.map { notices + [.failed($0)] } ?? notices, next: .sleep(delay))
    }

    /// W7: a random end in 240..<290 s, below the five minutes after which common proxies cut a connection.
    func watchOptions(from resourceVersion: String, initialEvents: Bool) -> WatchOptions {
        WatchOptions(
            labelSelector: options.labelSelector,
            fieldSelector: options.fieldSelector,
            resourceVersion: resourceVersion,
            timeoutSeconds: 240 + min(Int(max(random(), 0) * 50), 49),
            sendsInitialEvents: initialEvents
        )
    }
}

extension KubernetesError {
    /// W11: the server is not there, or asks to slow down; what was read so far stays valid.
    var isWorthAnotherWatch: Bool {
        isThrottled || (underlying as? HTTPTransportError)?.code == .connect
    }

    /// A status that came as an event of a watch.
    init(inStream status: KubernetesStatus, _ resource: APIResource) {
        let wait = status.details.map(\.retryAfterSeconds).flatMap { $0 > 0 ? Duration.seconds(min($0, 300)) : nil }
        self.init(.api, "watch of \(resource): \(status.message)", status: status, retryAfter: wait)
    }
}
