import KubernetesAPI
import KubernetesClient

/// WATCH from the last version (W7 to W11, W15).
extension ReflectorStateMachine {
    mutating func openWatch() -> Output {
        phase = .openingWatch
        return Output(next: .watch(watchOptions(from: resourceVersion, initialEvents: false)))
    }

    mutating func watchOpened(_ now: Instant) -> Output {
        let isFromAny = resourceVersion.isEmpty || resourceVersion == "0"
        phase = .watching(Watching(openedAt: now, ignoresAdded: isFromAny))
        return Output(notices: [.recovered], next: .read)
    }

    /// W10, W11. A 410 as HTTP status takes the way of the 410 inside a stream.
    mutating func watchOpenFailed(_ error: KubernetesError, _ now: Instant) -> Output {
        sleep(error.isWorthAnotherWatch ? .watch : .cycle, now, after: error)
    }

    mutating func handle(_ event: WatchEvent<Object>, _ given: Watching, _ now: Instant) -> Output {
        var watching = given
        watching.count += 1
        var output = Output(next: .read)
        switch event {
        case .added(let object):
            if !watching.ignoresAdded { advance(to: object.metadata.resourceVersion) }
            output.events = [.apply(object)]
        case .modified(let object):
            watching.ignoresAdded = false
            advance(to: object.metadata.resourceVersion)
            output.events = [.apply(object)]
        case .deleted(let object):
            watching.ignoresAdded = false
            advance(to: object.metadata.resourceVersion)
            output.events = [.delete(object)]
        case .bookmark(let version, _):
            watching.ignoresAdded = false
            advance(to: version)
        case .undecodable(let object, let isDeletion):
            // Whether it was ADDED is not known; what is not advanced here only comes again.
            if !watching.ignoresAdded { advance(to: object.metadata.resourceVersion) }
            output.events = [.undecodable(object, isDeletion: isDeletion)]
        case .unknown(let type): output.notices = [.ignoredEvent(type: type)]
        case .error(let status): return inStreamError(KubernetesError(inStream: status, Object.resource), now)
        }
        internalErrorSince = nil
        phase = .watching(watching)
        return output
    }

    /// W10.
    private mutating func inStreamError(_ error: KubernetesError, _ now: Instant) -> Output {
        if error.isThrottled { return sleep(.watch, now, after: error) }
        if error.status?.reason == "InternalError", options.internalErrorWindow > .zero {
            let since = internalErrorSince ?? now
            internalErrorSince = since
            if now - since < options.internalErrorWindow { return sleep(.watch, now, after: error) }
            internalErrorSince = nil
        }
        // A history that is gone is the course of things, not a failure.
        return sleep(.cycle, now, after: error.isExpired ? nil : error)
    }

    mutating func watchEnded(_ error: KubernetesError?, _ watching: Watching, _ now: Instant) -> Output {
        // W14: a line that cannot be read is not a cut connection; the list has what the watch did not deliver.
        if let error, error.code == .decoding { return sleep(.cycle, now, after: error) }
        guard now - watching.openedAt < .seconds(1) else {
            shortWatches = 0
            return openWatch()
        }
        guard watching.count > 0 else {
            let message = "watch of \(Object.resource): ended within a second without an event"
            return sleep(.cycle, now, after: error ?? KubernetesError(.transport, message))
        }
        // W9: at once. A server that ends each watch after its first event must not be asked in a tight circle.
        shortWatches += 1
        guard shortWatches > 1 else { return openWatch() }
        return sleep(.watch, now)
    }

    private mutating func advance(to version: String) {
        if !version.isEmpty { resourceVersion = version }
    }
}
