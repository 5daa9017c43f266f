import Artifacts

/// One page of a listing, whole and checked.
struct ListingPage: Sendable {
    var entries: [ListingEntry] = []
    /// Where the next page begins; nil at the end.
    var next: ListingMarker?
}

/// A place in a listing, meaningful to the service that gave it.
struct ListingMarker: Sendable, Hashable {
    var key: String
    /// The second half of a place among versions.
    var version: String?
}

/// The loop over the pages of a listing: bounded, and safe against a service that leads in circles.
struct ListingWalk {
    /// How many pages a listing may have; a page may be empty.
    static let maximumPages = 100_000

    let request: ListRequest
    let location: String

    /// Fetches pages by `page` and lends their entries to `each` until either ends.
    func run(
        page: (ListingMarker?) async throws(ObjectStoreError) -> ListingPage,
        each: (ListingEntry) throws(ObjectStoreError) -> ListingDecision
    ) async throws(ObjectStoreError) {
        var marker: ListingMarker?
        var circle = CircleDetector<ListingMarker>()
        var count = 0
        for _ in 0..<ListingWalk.maximumPages {
            guard !Task.isCancelled else { throw .cancelled(at: location) }
            let answer = try await page(marker)
            for entry in answer.entries {
                try check(entry)
                count += 1
                guard count <= request.maximumEntries else {
                    throw ObjectStoreError(
                        .tooLarge,
                        "\(location): more than \(request.maximumEntries) entries below "
                            + "\"\(request.prefix.clipped)\"; choose a narrower prefix"
                    )
                }
                if try each(entry) == .stop { return }
            }
            guard let next = answer.next else { return }
            guard next != marker, !circle.sees(next) else {
                throw ObjectStoreError(
                    .malformedAnswer,
                    "\(location): the listing does not advance: the store repeats a page marker"
                )
            }
            marker = next
        }
        throw ObjectStoreError(.tooLarge, "\(location): the listing has more than \(ListingWalk.maximumPages) pages")
    }

    private func check(_ entry: ListingEntry) throws(ObjectStoreError) {
        let key =
            switch entry {
            case .object(let info): info.key
            case .prefix(let prefix): prefix
            }
        guard !key.isEmpty, key.utf8.starts(with: request.prefix.utf8) else {
            throw ObjectStoreError(
                .malformedAnswer,
                "\(location): the listing holds keys outside \"\(request.prefix.clipped)\""
            )
        }
    }
}

/// Brent's cycle detection: any circle is found within about three times its length, in constant memory.
struct CircleDetector<Element: Equatable> {
    private var checkpoint: Element?
    private var steps = 0
    private var power = 1

    /// Takes the next element; true once a sequence certainly repeats.
    mutating func sees(_ element: Element) -> Bool {
        if checkpoint == element { return true }
        steps += 1
        if steps == power {
            checkpoint = element
            power *= 2
            steps = 0
        }
        return false
    }
}

/// An object of a listing as its text says, before any of it is believed.
struct RawObject {
    var key = ""
    var size = ""
    var modified = ""
    var etag = ""
    var md5 = ""
    var versionID = ""
    var isCurrent: Bool?
    var isDeleteMarker = false
    var isFolder = false
    var isEncoded = false
}
