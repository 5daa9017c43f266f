import KubernetesAPI
import KubernetesClient

/// LIST with pages (W4, W5).
extension ReflectorStateMachine {
    mutating func beginList(notices: [ReflectorNotice] = []) -> Output {
        // W4: at first whatever the server has cached; then not older than what was seen; by quorum after a 410.
        let version = isVersionUnavailable ? "" : resourceVersion.isEmpty ? "0" : resourceVersion
        return startList(Listing(resourceVersion: version), notices: notices)
    }

    private mutating func startList(_ listing: Listing, notices: [ReflectorNotice] = []) -> Output {
        listed = ([], [])
        return list(listing, notices: notices)
    }

    private mutating func list(_ listing: Listing, notices: [ReflectorNotice] = []) -> Output {
        phase = .listing(listing)
        // W5: a list at a certain version is served from the server's cache, which does not page.
        let isPaged = !listing.isWhole && (listing.resourceVersion.isEmpty || listing.resourceVersion == "0")
        let request = ListOptions(
            labelSelector: options.labelSelector,
            fieldSelector: options.fieldSelector,
            limit: isPaged || listing.continueToken != nil ? options.pageSize : nil,
            continueToken: listing.continueToken,
            resourceVersion: listing.resourceVersion.isEmpty ? nil : listing.resourceVersion
        )
        return Output(notices: notices, next: .list(request))
    }

    mutating func listed(_ page: ListPage<Object>, _ given: Listing, _ now: Instant) -> Output {
        var listing = given
        // The first page's version holds for all: what came later comes again in the watch.
        if listing.continueToken == nil { listing.firstVersion = page.resourceVersion }
        if let token = page.continueToken {
            guard token != listing.continueToken || !page.items.isEmpty else {
                let error = KubernetesError(
                    .decoding,
                    "list of \(Object.resource): an empty page that names itself next"
                )
                return sleep(.cycle, now, after: error)
            }
            listed.items += page.items
            listed.undecodable += page.undecodable
            listing.continueToken = token
            return list(listing)
        }
        isVersionUnavailable = false
        resourceVersion = listing.firstVersion
        let replacement = ReflectorEvent.replace(
            listed.items + page.items,
            undecodable: listed.undecodable + page.undecodable,
            resourceVersion: resourceVersion
        )
        listed = ([], [])
        var output = openWatch()
        output.events = [replacement]
        output.notices = [.recovered]
        return output
    }

    mutating func listFailed(_ error: KubernetesError, _ listing: Listing, _ now: Instant) -> Output {
        guard error.isExpired || error.isTooLargeResourceVersion else { return sleep(.cycle, now, after: error) }
        if listing.continueToken != nil, error.isExpired {
            var whole = Listing(resourceVersion: listing.resourceVersion)
            whole.isWhole = true
            whole.isSecondTry = listing.isSecondTry
            return startList(whole)
        }
        isVersionUnavailable = true
        // W4: at once, but only once, and only where the second request differs from the first.
        guard !listing.isSecondTry, !listing.resourceVersion.isEmpty else { return sleep(.cycle, now, after: error) }
        var second = Listing(resourceVersion: "")
        second.isSecondTry = true
        return startList(second)
    }
}
