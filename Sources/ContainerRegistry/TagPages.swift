import HTTPTransport

/// Joins the pages of a tag list and notices one that has no end.
struct TagPages {
    private(set) var tags: [TagListing] = []
    private var names: Set<String> = []
    private var visited: Set<String> = []
    private var bytes = 0
    private var emptyPages = 0
    private let limits: RegistryLimits
    private let subject: String

    init(limits: RegistryLimits, about subject: String) {
        self.limits = limits
        self.subject = subject
    }

    /// How many bytes the next page may have.
    var remainingBytes: Int { max(limits.tagListBytes - bytes, 0) }

    /// Notes that a page is about to be read. Throws where it was read before, or after too many.
    mutating func visit(_ url: HTTPURL) throws(RegistryError) {
        guard visited.insert(url.target).inserted else {
            throw RegistryError(.malformedAnswer, "\(subject): the pages of the list lead in a circle")
        }
        guard visited.count <= limits.tagPages else {
            throw RegistryError(.tooManyTags, "\(subject): the list has more than \(limits.tagPages) pages")
        }
    }

    /// Adds a page. Throws where it brings the list beyond its limit, or holds only tags that are known already.
    mutating func add(_ page: TagPage) throws(RegistryError) {
        bytes += page.byteCount
        var isNew = false
        for tag in page.tags where names.insert(tag.name).inserted {
            isNew = true
            guard tags.count < limits.tags else {
                throw RegistryError(
                    .tooManyTags,
                    "\(subject): the repository has more than \(limits.tags) tags; delete old ones"
                )
            }
            tags.append(tag)
        }
        if page.tags.isEmpty { emptyPages += 1 }
        guard emptyPages <= limits.emptyTagPages else {
            throw RegistryError(
                .malformedAnswer,
                "\(subject): more than \(limits.emptyTagPages) pages of the list are empty, and there is always another"
            )
        }
        guard isNew || page.tags.isEmpty else {
            throw RegistryError(.malformedAnswer, "\(subject): the registry sends the same page again")
        }
    }
}
