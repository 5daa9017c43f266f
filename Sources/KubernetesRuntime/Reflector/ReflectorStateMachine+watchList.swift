import KubernetesAPI
import KubernetesClient

/// WatchList: the initial objects as events of the watch that follows them (W1, W2, W3).
extension ReflectorStateMachine {
    mutating func openWatchList() -> Output {
        phase = .openingWatchList
        initial = ([:], [:])
        let version = isVersionUnavailable ? "" : resourceVersion
        return Output(next: .watch(watchOptions(from: version, initialEvents: true)))
    }

    mutating func watchListOpened(_ now: Instant) -> Output {
        phase = .watchListing(InitialEvents(openedAt: now))
        return Output(next: .read)
    }

    mutating func handle(_ event: WatchEvent<Object>, _ given: InitialEvents, _ now: Instant) -> Output {
        var progress = given
        progress.count += 1
        var notices: [ReflectorNotice] = []
        switch event {
        case .added(let object), .modified(let object):
            initial.objects[object.key] = object
            initial.undecodable[object.key] = nil
        case .deleted(let object):
            initial.objects[object.key] = nil
            initial.undecodable[object.key] = nil
        case .undecodable(let object, let isDeletion):
            initial.objects[object.key] = nil
            initial.undecodable[object.key] = isDeletion ? nil : object
        case .bookmark(let version, true):
            isVersionUnavailable = false
            resourceVersion = version
            // W1: the watch goes on in the same stream.
            phase = .watching(Watching(openedAt: progress.openedAt, count: progress.count, ignoresAdded: false))
            let replacement = ReflectorEvent.replace(
                Array(initial.objects.values),
                undecodable: Array(initial.undecodable.values),
                resourceVersion: version
            )
            initial = ([:], [:])
            return Output(events: [replacement], notices: [.recovered], next: .read)
        case .bookmark: break
        case .error(let status):
            return watchListFailed(KubernetesError(inStream: status, Object.resource), now)
        case .unknown(let type): notices.append(.ignoredEvent(type: type))
        }
        phase = .watchListing(progress)
        return Output(notices: notices, next: .read)
    }

    /// W2.
    mutating func watchListFailed(_ error: KubernetesError, _ now: Instant) -> Output {
        if error.isWorthAnotherWatch { return sleep(.cycle, now, after: error) }
        if error.isExpired || error.isTooLargeResourceVersion {
            // At once only where the next request differs from this one.
            let isNew = !isVersionUnavailable && !resourceVersion.isEmpty
            isVersionUnavailable = true
            return isNew ? openWatchList() : sleep(.cycle, now, after: error)
        }
        return beginList(notices: [.fellBackToList(reason: error.message)])
    }

    /// W1: an end before the bookmark throws the collection away. A server or a proxy that cannot hold the stream long
    /// enough gets a list the second time, whose pages are short.
    mutating func watchListEnded(_ error: KubernetesError?, _ progress: InitialEvents, _ now: Instant) -> Output {
        if let error, error.code == .decoding { return beginList(notices: [.fellBackToList(reason: error.message)]) }
        earlyEnds += 1
        let isVeryShort = now - progress.openedAt < .seconds(1) && progress.count == 0
        if isVeryShort || earlyEnds > 1 {
            return beginList(notices: [.fellBackToList(reason: "the stream ended before the initial events did")])
        }
        return openWatchList()
    }

    /// W3.
    mutating func watchListIgnored() -> Output {
        usesWatchList = false
        return beginList(notices: [.watchListIgnored])
    }
}

extension UndecodableObject {
    /// The object's name within its kind; without a name where not even that could be read.
    var key: ObjectKey { ObjectKey(namespace: metadata.namespace, name: metadata.name) }
}
